"""Small data written down by hand."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from taojin.core.events import Events
from taojin.core.units import HOUR
from taojin.data.dataset import Clock, Log, TrainView
from taojin.data.kinds import Kinds
from taojin.data.vocabulary import Vocabulary


@pytest.fixture
def view_of():
    """Makes a view of what each user liked, as rows of items in order; an hour apart unless times are given."""

    def make(*histories, items=12, times=None, table=None, users=None, context=None):
        user = np.repeat(np.arange(2, len(histories) + 2), [len(history) for history in histories])
        item = np.array([item for history in histories for item in history], np.int64)
        hours = [HOUR * np.arange(len(history)) for history in histories] if times is None else times
        time = np.concatenate([np.asarray(of_user, np.int64) for of_user in (*hours, [])])
        likes = Events(item, np.ones(len(item), np.uint32), np.full(len(item), np.nan, np.float32), time)
        view = TrainView(
            users=pa.table(users or {"user": [f"u{row}" for row in range(2, len(histories) + 2)]}),
            items=pa.table({"item": [f"i{row}" for row in range(2, items)], **(table or {})}),
            user_vocabulary=Vocabulary(tuple(f"u{row}" for row in range(2, len(histories) + 2))),
            item_vocabulary=Vocabulary(tuple(f"i{row}" for row in range(2, items))),
            kinds=Kinds(("like",)),
            clock=Clock.REAL,
            log=Log.of(user, likes, len(histories) + 2),
        )
        return replace(view, context=context or {})

    return make


@pytest.fixture
def beside():
    """Reads the fitted neighbours of an item: similarity by neighbour."""

    def read(fitted, item):
        places = slice(fitted.offsets[item], fitted.offsets[item + 1])
        return dict(zip(fitted.item[places].tolist(), fitted.similarity[places].tolist(), strict=True))

    return read


@pytest.fixture
def found_items():
    """Reads the items that a request got, best first."""

    def read(found, request=0):
        return found.item[found.offsets[request] : found.offsets[request + 1]].tolist()

    return read
