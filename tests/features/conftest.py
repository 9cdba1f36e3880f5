"""A view of three users and four films that features are fitted on."""

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.events import Events
from taojin.core.units import DAY, YEAR
from taojin.data.dataset import Clock, Log, TrainView
from taojin.data.kinds import Kinds, Label
from taojin.data.vocabulary import Vocabulary


@pytest.fixture
def view() -> TrainView:
    """Users 2 and 3 have a past, user 4 has none; film 5 was never rated."""
    kinds = Kinds(("rate", "like"), (Label("like", "rate", at_least=3.5),))
    value = np.array([5, 2, 4, 5, 1], np.float32)
    events = Events(
        np.array([2, 3, 4, 2, 3]), kinds.code(np.full(5, "rate"), value), value, np.array([1, 2, 3, 2, 4]) * DAY
    )
    return TrainView(
        pa.table({"user": ["a", "b", "c"], "gender": ["f", "m", None], "age": pa.array([20.0, 40.0, None])}),
        pa.table(
            {
                "item": ["w", "x", "y", "z"],
                "genres": [["Drama", "War"], ["Drama"], [], None],
                "studio": ["A", "B", "A", "C"],
                "year": pa.array([1990, 2000, 2010, None], pa.int64()),
                "released": pa.array([-YEAR, 0, 0, None], pa.int64()),
            }
        ),
        Vocabulary(("a", "b", "c")),
        Vocabulary(("w", "x", "y", "z")),
        kinds,
        Clock.REAL,
        Log.of(np.array([2, 2, 2, 3, 3]), events, 5),
    )
