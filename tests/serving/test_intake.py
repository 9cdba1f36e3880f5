"""Events from outside."""

import pytest

from taojin.core.live import LiveStore
from taojin.core.units import DAY, MINUTE
from taojin.data.kinds import Kinds, Label
from taojin.serving.intake import Intake, Posted

NOW = 1_700_000_000_000
KINDS = Kinds(("view", "rate", "like"), (Label("like", "rate", at_least=3.5),))


@pytest.fixture
def intake(store: LiveStore) -> Intake:
    return Intake(KINDS, store, lambda: NOW)


def test_an_event_without_time_and_id_is_new_and_happens_now(intake: Intake) -> None:
    one = Posted(user="u", item="i", event="view")
    (first, ids), (second, other_ids) = intake.take([one]), intake.take([one])
    assert (first.applied, second.applied) == (1, 1) and ids != other_ids
    assert intake.store.user_events("u").time.tolist() == [NOW, NOW]


def test_an_event_with_an_id_is_applied_once(intake: Intake) -> None:
    one = Posted(user="u", item="i", event="view", id="e")
    assert intake.take([one, one])[0] == (1, 1)
    assert intake.take([one])[0] == (0, 1)


def test_a_clock_that_is_a_little_ahead_is_set_back_to_the_arrival(intake: Intake) -> None:
    intake.take([Posted(user="u", item="i", event="view", time=NOW + MINUTE)])
    intake.take([Posted(user="u", item="i", event="view", time=NOW - DAY)])
    assert intake.store.user_events("u").time.tolist() == [NOW - DAY, NOW]


@pytest.mark.parametrize(
    ("posted", "message"),
    [
        (Posted(user="u", item="i", event="veiw"), "event: expected one of view, rate, like, got 'veiw'; did you mean"),
        (Posted(user="u", item="i", event="rate"), "value: expected a number, since a 'rate' is judged by it"),
        (Posted(user="u", item="i", event="rate", value=float("inf")), "value: expected a finite number"),
        (Posted(user="u", item="i", event="view", time=NOW + DAY), "time: expected at most"),
        (Posted(user="u", item="i", event="view", time=NOW // 1000), "multiply by 1000"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_of_the_batch_is_stored(
    intake: Intake, posted: Posted, message: str
) -> None:
    with pytest.raises(ValueError) as error:
        intake.take([Posted(user="u", item="i", event="view"), posted])
    assert str(error.value).startswith("[1].") and message in str(error.value)
    assert len(intake.store.user_events("u")) == 0
    with pytest.raises(ValueError) as error:
        intake.take([posted])
    assert str(error.value).startswith(message.split(":", maxsplit=1)[0]) or message in str(error.value)
