"""Ids, attributes and ages: coded as training knows them."""

import numpy as np
import pytest

from taojin.core.batch import Candidates, Requests
from taojin.core.units import DAY, PAD, UNKNOWN, YEAR
from taojin.data.dataset import TrainView
from taojin.features.attributes import Age, Attribute, Id
from taojin.features.feature import Category, Level, Number
from taojin.features.store import Store


def asked(view: TrainView, item: list[int], time: int = 10 * DAY, user: int = 2) -> tuple[Requests, Candidates]:
    past = view.log.before(np.array([user]), np.array([time]))
    requests = Requests(np.array([user]), np.array([0]), np.array([time]), np.array([1], np.uint64), past)
    return requests, Candidates.of(np.array([0, len(item)]), np.array(item))


def read(view: TrainView, feature: object, item: list[int], **request: int) -> np.ndarray:
    store = Store({"f": feature.fit(view, {})})  # type: ignore[attr-defined]
    return store.read(("f",), *asked(view, item, **request))["f"]


def test_an_id_is_its_row_and_rare_ones_are_unknown(view: TrainView) -> None:
    assert read(view, Id(name="f"), [2, 3, 4, 5]).tolist() == [2, 3, 4, UNKNOWN]
    assert read(view, Id(name="f", min_count=2), [2, 3, 4, 5]).tolist() == [2, 3, UNKNOWN, UNKNOWN]
    column = Id(name="f").fit(view, {})
    assert (column.level, column.form) == (Level.CANDIDATE, Category(6))
    assert Id(name="f", entity="user").fit(view, {}).level == Level.REQUEST


def test_words_are_coded_by_frequency_and_rare_ones_are_unknown(view: TrainView) -> None:
    column = Attribute(name="f", column="studio", min_count=2).fit(view, {})
    assert column.form == Category(3)  # "A" alone occurs twice among films with events
    assert read(view, Attribute(name="f", column="studio", min_count=2), [2, 3, 4, 5]).tolist() == [2, 1, 2, 1]


def test_lists_are_sets_padded_on_the_right_and_none_is_unknown(view: TrainView) -> None:
    values = read(view, Attribute(name="f", column="genres", min_count=1, most=3), [2, 3, 4, 5])
    assert values.tolist() == [[2, 3, PAD], [2, PAD, PAD], [UNKNOWN, PAD, PAD], [UNKNOWN, PAD, PAD]]


def test_numbers_are_scaled_and_missing_is_the_mean(view: TrainView) -> None:
    column = Attribute(name="f", column="year").fit(view, {})
    assert column.form == Number()
    values = read(view, Attribute(name="f", column="year"), [2, 3, 4, 5]).ravel()
    assert values == pytest.approx([-1.2247, 0, 1.2247, 0], abs=1e-3)


def test_buckets_of_a_number_are_categories(view: TrainView) -> None:
    assert read(view, Attribute(name="f", column="year", buckets=3), [2, 3, 4, 5]).tolist() == [2, 3, 4, UNKNOWN]


def test_age_grows_with_the_request_and_never_looks_below_zero(view: TrainView) -> None:
    young, old = (read(view, Age(name="f", since="released"), [2, 3, 5], time=t).ravel() for t in (DAY, 5 * YEAR))
    assert (old[:2] > young[:2]).all()
    assert old[2] == 0
    early = read(view, Age(name="f", since="released"), [3], time=-YEAR)
    assert early == read(view, Age(name="f", since="released"), [3], time=0)


def test_an_absent_column_is_named(view: TrainView) -> None:
    with pytest.raises(ValueError, match="feature 'f': the items have no column 'genre'"):
        Attribute(name="f", column="genre").fit(view, {})
