"""Everything reported is computed again from the Parquet files, with pandas and plain loops."""

import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taojin.core.batch import Candidates, Rows
from taojin.evaluation.beyond import ItemSets
from taojin.evaluation.bootstrap import Bootstrap
from taojin.evaluation.dump import dumping
from taojin.evaluation.evaluation import About, Evaluation
from taojin.evaluation.judge import evaluate, fit_baselines
from taojin.evaluation.ranker import JudgedRows
from taojin.evaluation.tuned_item_cf import Grid
from taojin.nn.samples import Samples
from taojin.retrieval.item_cf import Similarity

ABOUT = About(data="planted", scene="for_you", part="test", split="given", guards="nothing", seeds=(0,))
GRID = Grid(similarity=((Similarity.COSINE, 0.5),), shrinkage=(0.0,), neighbours=(20,), half_life=(10.0,))
EXACT = {"rel": 1e-9, "abs": 1e-9, "nan_ok": True}


class Parity:
    """The truth of the planted data."""

    def expected_likes(self, user, time, items):
        return (0.5 * ((items % 2 == user[:, None] % 2) & (items > 0))).sum(axis=1).astype(np.float32)

    def best(self, user, time, *, k, excluded):
        return np.arange(2, 2 + 2 * k, 2)[None, :] + user[:, None] % 2


def judged_rows(world, pipeline) -> JudgedRows:
    """Ten random items for each test request, with random labels and origins."""
    random, requests = np.random.default_rng(3), world.test.requests
    item = np.concatenate([np.sort(random.choice(np.arange(2, 202), 10, replace=False)) for _ in range(len(requests))])
    candidates = Candidates.of(np.arange(len(requests) + 1) * 10, item)
    rows: Rows = pipeline.store.read(("taste",), requests, candidates)
    label = random.integers(0, 2, (len(item), 1)).astype(np.float32)
    origin = random.integers(0, 3, len(item)).astype(np.uint8)
    samples = Samples(rows, label, ("like",), origin, np.ones(len(item), np.float32))
    return JudgedRows(samples, requests.user[rows.of], item)


@pytest.fixture(scope="module")
def dumped(world, pipeline, tmp_path_factory) -> tuple[Path, Evaluation]:
    directory = tmp_path_factory.mktemp("dump")
    baselines = fit_baselines(world.view, world.valid, event="like", grid=GRID)
    with dumping(directory, users=world.dataset.user_vocabulary, catalogue=world.dataset.item_vocabulary) as dump:
        found = evaluate(
            pipeline,
            world.test,
            baselines,
            view=world.view,
            about=ABOUT,
            judged=judged_rows(world, pipeline),
            attributes=ItemSets.of(world.dataset.items["genres"]),
            truth=Parity(),
            dump=dump,
            bootstrap=Bootstrap(resamples=50),
        )
    return directory, found


class Again:
    """The files, and the same numbers by loops."""

    def __init__(self, directory: Path):
        self.requests = pd.read_parquet(directory / "requests.parquet").set_index("request")
        self.relevant = {r: set(items) for r, items in self.requests["relevant"].items()}
        items = pd.read_parquet(directory / "items.parquet").set_index("item")
        self.events, self.attributes = items["events"].to_dict(), {i: set(v) for i, v in items["attributes"].items()}
        self.lists: dict[str, dict[int, list[str]]] = defaultdict(lambda: {r: [] for r in self.relevant})
        rows = pd.read_parquet(directory / "lists.parquet").sort_values(["list", "request", "place"])
        for name, request, place, item in rows[["list", "request", "place", "item"]].itertuples(index=False):
            assert place == len(self.lists[name][request]) + 1
            self.lists[name][request].append(item)

    def mean(self, name: str, value) -> float:
        """Mean over users of a function of the list and the relevant items, without NaN."""
        values = [value(items, self.relevant[request]) for request, items in self.lists[name].items()]
        known = [value for value in values if not math.isnan(value)]
        return sum(known) / len(known) if known else math.nan

    def metrics(self, name: str) -> dict[str, float]:
        found = {}
        for k in (10, 20):
            found |= {
                f"{metric}@{k}": self.mean(name, lambda i, r, f=f, k=k: f(i[:k], r, k)) for metric, f in LIST.items()
            }
        found["serendipity@10"] = np.mean([
            sum(item in self.relevant[r] and item not in self.lists["popular"][r][:10] for item in items[:10]) / 10
            for r, items in self.lists[name].items()
        ])  # fmt: skip
        total = sum(self.events.values())
        found["novelty@10"] = self.mean(
            name, lambda i, r: _average([-math.log2(max(self.events[x], 1) / total) for x in i[:10]])
        )
        found["popularity@10"] = self.mean(name, lambda i, r: _average([self.events[x] for x in i[:10]]))
        found["diversity@10"] = self.mean(name, lambda i, r: 1 - _average(self.likeness(i[:10])))
        shown = [item for items in self.lists[name].values() for item in items[:10]]
        counts = [shown.count(item) for item in self.events]
        found["coverage@10"] = sum(count > 0 for count in counts) / len(counts)
        found["gini@10"] = _gini(counts)
        return found

    def likeness(self, items: list[str]) -> list[float]:
        sets = [self.attributes[item] for item in items]
        return [len(a & b) / len(a | b) for i, a in enumerate(sets) for b in sets[i + 1 :]]

    def recalled(self, name: str) -> dict[int, set[str]]:
        return {request: self.relevant[request] & set(items) for request, items in self.lists[name].items()}


def _average(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _ndcg(items: list[str], relevant: set[str], k: int) -> float:
    gain = sum(1 / math.log2(place + 1) for place, item in enumerate(items, start=1) if item in relevant)
    return gain / sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))


def _map(items: list[str], relevant: set[str], k: int) -> float:
    hits, total = 0, 0.0
    for place, item in enumerate(items, start=1):
        if item in relevant:
            hits += 1
            total += hits / place
    return total / min(k, len(relevant))


def _mrr(items: list[str], relevant: set[str], k: int) -> float:
    return next((1 / place for place, item in enumerate(items, start=1) if item in relevant), 0.0)


LIST = {
    "ndcg": _ndcg,
    "map": _map,
    "mrr": _mrr,
    "hr": lambda items, relevant, k: float(any(item in relevant for item in items)),
    "recall": lambda items, relevant, k: len(relevant & set(items)) / len(relevant),
    "precision": lambda items, relevant, k: len(relevant & set(items)) / k,
}


def test_lists(dumped: tuple[Path, Evaluation]) -> None:
    directory, found = dumped
    again = Again(directory)
    for name, values in found.lists.items():
        assert again.metrics(name) == pytest.approx(values.means(), **EXACT)


def test_differences(dumped: tuple[Path, Evaluation]) -> None:
    directory, found = dumped
    again = Again(directory)
    ours = again.metrics("funnel")
    for name, differences in found.differences.items():
        theirs = again.metrics(name)
        for metric, interval in differences.items():
            assert ours[metric] - theirs[metric] == pytest.approx(interval.mean, **EXACT)


def test_stages_and_channels(dumped: tuple[Path, Evaluation]) -> None:
    directory, found = dumped
    again, users = Again(directory), found.users
    for stage, values in found.stages.items():
        assert again.mean(f"stage/{stage}", _whole_recall) == pytest.approx(values["recall"], **EXACT)
        size = sum(map(len, again.lists[f"stage/{stage}"].values())) / users
        assert size == pytest.approx(values["candidates"], **EXACT)
    recalled = {name: again.recalled(f"channel/{name}") for name in found.channels}
    new = {item for item, events in again.events.items() if events < 5}
    for name, values in found.channels.items():
        others = [hits for other, hits in recalled.items() if other != name]
        alone = {r: hits - set().union(*(other[r] for other in others)) for r, hits in recalled[name].items()}
        proposed = [item for items in again.lists[f"channel/{name}"].values() for item in items]
        expected = {
            "recall@k": _average([len(hits) / len(again.relevant[r]) for r, hits in recalled[name].items()]),
            "marginal": _average([len(hits) / len(again.relevant[r]) for r, hits in alone.items()]),
            "exclusive": sum(map(len, alone.values())) / sum(map(len, recalled[name].values())),
            "candidates": len(proposed) / users,
            "coverage": len(set(proposed)) / len(again.events),
            "mean_popularity": _average([again.events[item] for item in proposed]),
            "k": {"hot": 80, "taste": 70, "random": 40}[name],
            "gini": _gini([proposed.count(item) for item in again.events]),
            "new_item_recall": _average(
                [
                    len(hits & new) / len(wanted & new)
                    for r, hits in recalled[name].items()
                    if (wanted := again.relevant[r]) & new
                ]
            ),
        }
        told = values.means()
        assert told.pop("ms") > 0  # nobody can recompute it
        assert told == pytest.approx(expected, **EXACT)


def _gini(counts: list[int]) -> float:
    n = len(counts)
    return sum((2 * i - n - 1) * x for i, x in enumerate(sorted(counts), start=1)) / (n * sum(counts))


def _whole_recall(items: list[str], relevant: set[str]) -> float:
    return LIST["recall"](items, relevant, len(items))


def test_survival(dumped: tuple[Path, Evaluation]) -> None:
    directory, found = dumped
    again = Again(directory)
    left = again.lists["stage/preranking"]
    share = [len(set(top) & set(left[r])) / len(top) for r, top in again.lists["ranker_top"].items()]
    assert _average(share) == pytest.approx(found.to_json()["survival@20"], **EXACT)


def test_slices(dumped: tuple[Path, Evaluation]) -> None:
    directory, found = dumped
    again = Again(directory)
    past = again.requests["past"]
    bounds = {"past<20": (0, 20), "past 20-99": (20, 100), "past>=100": (100, math.inf)}
    order, half, head = sorted(again.events, key=lambda i: -again.events[i]), sum(again.events.values()) / 2, set()
    for item in order:
        if sum(again.events[i] for i in head) < half:
            head.add(item)
    for name, lists in found.slices.items():
        for of, values in lists.items():
            if name in bounds:
                low, high = bounds[name]
                inside = [r for r in again.relevant if low <= past[r] < high]
                ndcg = [_ndcg(again.lists[of][r][:10], again.relevant[r], 10) for r in inside]
                assert _average(ndcg) == pytest.approx(values["ndcg@10"], **EXACT)
                assert values["users"] == len(inside)
            else:
                kind = {i for i in again.events if (i in head) == name.startswith("head")}
                wanted = {r: items & kind for r, items in again.relevant.items() if items & kind}
                recall = [len(items & set(again.lists[of][r][:10])) / len(items) for r, items in wanted.items()]
                assert _average(recall) == pytest.approx(values["recall@10"], **EXACT)


def test_ranker(dumped: tuple[Path, Evaluation]) -> None:
    directory, found = dumped
    rows = pd.read_parquet(directory / "ranker.parquet")
    assert set(rows["task"]) == {"like"}
    for kind, metrics in found.ranker["like"].items():
        some = rows[(rows["label"] == 1) | (rows["origin"] == kind)] if kind != "all" else rows
        label, p = some["label"].tolist(), some["prediction"].tolist()
        expected = {
            "auc": _pairs(some),
            "gauc": _gauc(some),
            "logloss": -_average([math.log(b if a else 1 - b) for a, b in zip(label, p, strict=True)]),
            "rows": len(some),
            "positives": sum(label),
        }
        assert {name: metrics[name] for name in expected} == pytest.approx(expected, **EXACT)


def _pairs(rows: pd.DataFrame) -> float:
    positive, negative = (rows.loc[rows["label"] == label, "prediction"].to_numpy() for label in (1, 0))
    return _average([(p > n) + 0.5 * (p == n) for p in positive for n in negative])


def _gauc(rows: pd.DataFrame) -> float:
    parts = [(len(part), _pairs(part)) for _, part in rows.groupby("user", observed=True)]
    judged = [(n, value) for n, value in parts if not math.isnan(value)]
    return sum(n * value for n, value in judged) / sum(n for n, _ in judged)


def test_gap(dumped: tuple[Path, Evaluation]) -> None:
    directory, found = dumped
    likes = pd.read_parquet(directory / "expected.parquet").groupby("list")["likes"].sum()
    assert found.gap is not None
    share = (likes["funnel"] - likes["popular"]) / (likes["ideal"] - likes["popular"])
    assert share == pytest.approx(found.gap.mean, **EXACT)


def test_ids_are_external(dumped: tuple[Path, Evaluation], world) -> None:
    again = Again(dumped[0])
    user = world.dataset.user_vocabulary
    assert again.requests["user"].tolist() == [user.id(row) for row in world.test.requests.user]
    assert all(item in world.dataset.item_vocabulary for items in again.relevant.values() for item in items)
