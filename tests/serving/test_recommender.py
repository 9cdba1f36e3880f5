"""From external ids to one request of the funnel and back."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from taojin.bundle.bundle import Bundle
from taojin.core.batch import Candidates, Requests, Rows
from taojin.core.live import LiveEvent, LiveStore
from taojin.core.trace import Trace
from taojin.core.units import FIRST, PAD, UNKNOWN
from taojin.data.dataset import Clock
from taojin.embeddings.seeds import Weighted
from taojin.features.moment import Context
from taojin.features.store import Store
from taojin.pipeline import Pipeline
from taojin.retrieval.serve.lists import Lists
from taojin.serving.question import Question
from taojin.serving.recommender import Recommender


def like(id: str, user: str, item: str, time: int = 1_699_999_999_999) -> LiveEvent:
    return LiveEvent(id, user, item, "like", None, time)


def genres(recommender: Recommender, item: str) -> set[str]:
    catalogue = recommender.bundle.catalogue
    return set(catalogue.details(np.array([recommender.item_row(item)]), ("genres",))[0]["genres"])


@dataclass(frozen=True)
class ByDevice:
    """List 0 for phones, list 1 for televisions, none for others."""

    features: tuple[str, ...] = ("device",)

    def find(self, requests: Requests, rows: Rows) -> Weighted:
        key = rows.request["device"] - FIRST
        known = np.flatnonzero(key >= 0)
        return Weighted(known, key[known], np.ones(len(known), np.float32))


def test_a_stranger_is_met_through_the_context_of_the_request(bundle: Bundle, store: LiveStore) -> None:
    lists = Lists(
        keys=ByDevice(), offsets=np.array([0, 2, 3]), item=np.array([7, 8, 9]), score=np.array([2, 1, 1], np.float32)
    )
    whole = bundle.scenes["for_you"]
    device = Context(name="device", key="device", words=("phone", "tv"))
    scene = replace(
        whole, store=Store({"device": device}), channels={"segment": lists}, quotas={"segment": 5}, last_resort=None
    )
    asked = Recommender(replace(bundle, fitted=replace(bundle.fitted, scenes={"for_you": scene})), store)

    def shown(**context: str) -> list[str]:
        return [item.id for item in asked.recommend(Question(context=context))]

    names = [bundle.item_vocabulary.id(row) for row in (7, 8, 9)]
    assert shown(device="phone") == names[:2]
    assert shown(device="tv") == names[2:]
    assert shown(device="fridge") == shown() == []


def test_a_known_user_gets_n_items_best_first_without_what_was_rated(recommender: Recommender) -> None:
    answer = recommender.recommend(Question(user="u1", n=20))
    rated = {recommender.bundle.item_vocabulary.id(int(row)) for row in recommender.past("u1").events.item}
    assert len(answer) == 20 and not answer.exhausted
    assert not rated & {item.id for item in answer}
    assert [item.score for item in answer] == sorted((item.score for item in answer), reverse=True)


def test_a_stranger_gets_the_hot_list(recommender: Recommender) -> None:
    assert [item.id for item in recommender.recommend(Question(n=3))] == ["f1", "f2", "f3"]
    assert [item.id for item in recommender.recommend(Question(user="nobody", n=3))] == ["f1", "f2", "f3"]


def test_a_history_brought_along_counts_like_likes(recommender: Recommender) -> None:
    question = Question(history=["f3"], channels=["alike"], n=5)
    answer = recommender.recommend(question)
    assert all(genres(recommender, item.id) & genres(recommender, "f3") for item in answer)
    assert all(item.reason is not None and item.reason.id == "f3" for item in answer)
    assert answer.items == recommender.recommend(question).items


def test_a_like_in_the_live_store_changes_the_answer_of_known_users_and_strangers(
    recommender: Recommender, store: LiveStore
) -> None:
    for user in ("u1", "stranger"):
        before = recommender.recommend(Question(user=user, n=10, request_id="r"))
        store.append([like(user, user, "f3")])
        after = recommender.recommend(Question(user=user, n=10, request_id="r"))
        assert [item.id for item in before] != [item.id for item in after]
        assert "f3" not in {item.id for item in after}


def test_an_event_of_this_very_millisecond_counts(recommender: Recommender, store: LiveStore) -> None:
    store.append([like("1", "stranger", "f3", time=recommender.clock())])
    assert recommender.recommend(Question(user="stranger", channels=["alike"])).items


def test_similar_items_share_genres_and_leave_out_the_item_itself(recommender: Recommender) -> None:
    answer = recommender.similar("f3", n=8)
    assert "f3" not in {item.id for item in answer}
    for item in answer:
        assert item.reason is not None and item.reason.id == "f3"
        assert set(item.reason.shared.get("genres", ())) <= genres(recommender, item.id) & genres(recommender, "f3")


def test_a_reason_names_the_rarest_words_that_both_have(recommender: Recommender) -> None:
    reasons = recommender.reasons
    f3, f13, f10 = (recommender.item_row(id) for id in ("f3", "f13", "f10"))
    given = reasons.of(np.array([f10]), np.array([f13, f3]))[0]
    # f10 is by Garden Smith, as f3 is; f13 shares a genre at most.
    assert given is not None and given.id == "f3" and given.shared["directors"] == ("Garden Smith",)
    assert reasons.of(np.array([f10]), np.empty(0, np.int64)) == [None]


def test_only_and_exclude_bind_every_channel(recommender: Recommender) -> None:
    only = {"genres": ["Horror", "Western"], "year": [1953, "1957", 1958]}
    answer = recommender.recommend(Question(user="u1", n=50, only=only, fields=["genres", "year"]))
    assert answer.exhausted and len(answer) > 0
    for item in answer:
        assert set(item.details["genres"]) & {"Horror", "Western"} and item.details["year"] in (1953, 1957, 1958)
    left = recommender.recommend(Question(user="u1", n=50, only=only, exclude=[answer[0].id, "nobody"]))
    assert {item.id for item in left} == {item.id for item in answer} - {answer[0].id}
    assert left.unknown == ("nobody",)


def test_channels_may_be_asked_alone(recommender: Recommender) -> None:
    answer = recommender.recommend(Question(user="u1", channels=["hot"], n=5))
    assert all(set(item.channels) == {"hot"} for item in answer)
    assert [item.channels["hot"] for item in answer] == sorted(item.channels["hot"] for item in answer)


def test_an_explanation_holds_the_trace_and_prints(recommender: Recommender) -> None:
    answer = recommender.recommend(Question(user="u1", n=3, explain=True))
    assert answer.trace is not None and {"alike", "hot", "unseen"} <= {step.part for step in answer.trace.steps}
    text = str(answer)
    assert answer[0].title in text and "alike" in text and " ms" in text
    assert answer.to_json()["items"][0]["places"] == answer[0].channels
    assert recommender.recommend(Question(user="u1")).trace is None


def test_an_answer_becomes_a_data_frame(recommender: Recommender) -> None:
    pytest.importorskip("pandas")
    frame = recommender.recommend(Question(user="u1", n=4, fields=["year"])).to_pandas()
    assert list(frame.columns) == ["id", "title", "score", "channels", "reason", "year"] and len(frame) == 4
    none = recommender.recommend(Question(user="u1", channels=["alike"], only={"year": [1950]}, exclude=["f70"]))
    assert len(none) == 0 and len(none.to_pandas()) == 0


def test_a_broken_channel_is_left_out_and_told(films: object, store: LiveStore) -> None:
    recommender = Recommender(films.bundle(broken=True), store)  # type: ignore[attr-defined]
    answer = recommender.recommend(Question(user="u1"))
    assert answer.degraded == ("retrieval.broken",) and len(answer) == 10


class Asked:
    """A pipeline that remembers what it was asked."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline, self.channels = pipeline, pipeline.channels
        self.requests: list[Requests] = []

    def recommend(self, requests: Requests, trace: Trace) -> Candidates:
        self.requests.append(requests)
        return self.pipeline.recommend(requests, trace)


@pytest.fixture
def asked(bundle: Bundle, store: LiveStore, clock: Callable[[], int]) -> tuple[Asked, Recommender]:
    scene = Asked(bundle.scenes["for_you"])
    fitted = replace(bundle.fitted, scenes={"for_you": scene})
    return scene, Recommender(replace(bundle, fitted=fitted), store, clock)


def test_chance_comes_from_the_request_id_alone(asked: tuple[Asked, Recommender]) -> None:
    scene, recommender = asked
    for request_id in ("a", "a", "b", None, None):
        recommender.recommend(Question(user="u1", request_id=request_id))
    seeds = [int(requests.seed[0]) for requests in scene.requests]
    assert seeds[0] == seeds[1] and len({*seeds}) == 4


def test_a_request_is_coded_in_rows(asked: tuple[Asked, Recommender]) -> None:
    scene, recommender = asked
    recommender.recommend(Question(user="u2", exclude=["f1", "nobody"], n=7))
    recommender.recommend(Question(user="stranger"))
    known, stranger = scene.requests
    assert known.user.tolist() == [FIRST + 1] and stranger.user.tolist() == [UNKNOWN]
    assert known.item.tolist() == [PAD] and known.n == 7
    assert known.exclude.tolist() == [FIRST] and known.allowed is None
    assert known.past.end.tolist() == [4] and stranger.past.end.tolist() == [0]
    assert known.time[0] > known.past.events.time.max()


def test_without_a_clock_the_request_stands_at_the_next_position(films: object, store: LiveStore) -> None:
    bundle = films.bundle(Clock.ORDER)  # type: ignore[attr-defined]
    scene = Asked(bundle.scenes["for_you"])
    recommender = Recommender(replace(bundle, fitted=replace(bundle.fitted, scenes={"for_you": scene})), store)
    recommender.recommend(Question(user="u1"))
    store.append([like("1", "u1", "f3")])
    recommender.recommend(Question(user="u1"))
    assert [int(requests.time[0]) for requests in scene.requests] == [4, 5]
    assert [int(requests.past.end[0]) for requests in scene.requests] == [4, 5]


def test_rare_users_that_training_knows_as_unknown_are_not_this_stranger(bundle: Bundle, store: LiveStore) -> None:
    log = bundle.history
    user = np.where(log.user == FIRST, UNKNOWN, log.user)
    fitted = replace(bundle.fitted, history=type(log).of(user, log.events, FIRST + 6))
    recommender = Recommender(replace(bundle, fitted=fitted), store)
    assert len(recommender.past("stranger").events) == 0


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"scene": "for_yuo"}, "scene: expected one of for_you, similar, got 'for_yuo'; did you mean 'for_you'?"),
        ({"channels": ["hott"]}, "channels: expected one of alike, hot, got 'hott'; did you mean 'hot'?"),
        ({"fields": ["genre"]}, "did you mean 'genres'?"),
        ({"only": {"genre": ["Comedy"]}}, "only: expected one of title, genres"),
        ({"only": {"genres": ["Comdy"]}}, "did you mean 'Comedy'?"),
        ({"only": {"genres": []}}, "only.genres: expected at least one value"),
        ({"only": {"year": [1492]}}, "70 in all"),
        ({"scene": "similar"}, "item: expected an item for the scene 'similar'"),
        ({"item": "f1"}, "item: expected an item for the scene 'similar' and for no other"),
        (
            {"scene": "similar", "item": "f999"},
            "the id of an item in the catalogue, got 'f999'; did you mean 'f99', The",
        ),
        ({"scene": "similar", "item": "night stone 21"}, "did you mean 'f21', The Night of Stone 21?"),
        ({"scene": "similar", "item": "?"}, "search by title"),
        ({"n": 0}, "n: expected 1 or more"),
        ({"user": "u1", "history": ["f1"]}, "leave one of them out"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_is_close(
    recommender: Recommender, question: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError) as error:
        recommender.recommend(Question(**question))  # type: ignore[arg-type]
    assert message in str(error.value)
