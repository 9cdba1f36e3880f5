"""`python -m benchmarks ranking` on few invented rows: figures from kept predictions, each fit once, its section."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks import ranking
from benchmarks.encoded import EncodedRows
from benchmarks.film_rows import film_rows
from benchmarks.ranking import difference, table, trials
from benchmarks.ranking.trials import Trials, keep
from benchmarks.section import write_section

RATES = (1e-3, 4e-3)
SEEDS = 2


@pytest.fixture(scope="module")
def rows() -> EncodedRows:
    return film_rows(None, 4_000)


def auc(said: pa.Table) -> float:
    """Share of the pairs of a liked and another row in which the liked one has the larger probability."""
    label, probability = said["label"].to_numpy(), said["probability"].to_numpy()
    pairs = probability[label == 1][:, None] - probability[label == 0][None, :]
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def files(folder: Path, side: str, model: str, target: str = "like") -> dict[tuple[float, int], pa.Table]:
    """The kept predictions of a program's model by learning rate and seed."""
    found = {}
    for file in folder.glob(f"*/{target}/{model}/{side}-rate*-seed*.parquet"):
        rate, seed = file.stem.removeprefix(f"{side}-rate").split("-seed")
        found[float(rate), int(seed)] = pq.read_table(file)
    return found


def recomputed(folder: Path, side: str, model: str, part: int, target: str = "like") -> list[float]:
    """AUC of each seed at the rate that is best on validation for the first."""
    kept = files(folder, side, model, target)

    def of(rate: float, seed: int, part: int) -> float:
        said = kept[rate, seed]
        return auc(said.filter(pc.equal(said["part"], part)))

    best = max(RATES, key=lambda rate: of(rate, 0, 1))
    return [of(best, seed, part) for seed in range(SEEDS)]


class Bench:
    """The benchmark with few rows and rates."""

    def __init__(self, folder: Path, rows: EncodedRows, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.runs, self.patch = folder, folder / "runs", patch
        self.results = folder / "results.md"
        self.results.write_text("# Results\n")
        patch.setattr(ranking, "rows_of", lambda name, data, limit: rows)
        patch.setattr(ranking, "Trials", partial(Trials, rates=RATES))
        patch.setattr(ranking, "RESULTS", self.results)
        patch.setattr(trials, "commit", lambda: "abc1234")

    def run(self, capsys: pytest.CaptureFixture[str], *more: str) -> dict:
        small = ["--seeds", str(SEEDS), "--epochs", "2", "--batch", "256", "--threads", "1", "--runs", str(self.runs)]
        ranking.main(["ml-1m", "--data", str(self.folder), *small, *more])
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    def pretend(self) -> list[tuple]:
        """Let fits draw what they predict, better for one side than for the other; what was fitted is kept."""
        made: list[tuple] = []

        def fit(self: Trials, side: str, model: str, target: str, rate: float, seed: int, file: Path) -> None:
            made.append((side, model, target, rate, seed))
            random = np.random.default_rng([len(side), len(model), int(rate * 1e5), seed])
            skill = {"taojin": 1.0, "deepctr": 0.7, "rechub": 0.4}[side]
            said = {}
            for name, part in (("valid", 1), ("test", 2)):
                label = self.rows.labels[target][self.rows.part == part]
                logit = skill * label + random.normal(size=len(label))
                said[name] = (1 / (1 + np.exp(-logit))).astype(np.float32)
            keep(self.rows, target, said, {"commit": self.commit}, file)

        self.patch.setattr(Trials, "_fit", fit)
        return made


@pytest.fixture
def bench(tmp_path: Path, rows: EncodedRows, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, rows, monkeypatch)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory, rows: EncodedRows) -> Iterator[Bench]:
    """A benchmark whose fits are those of the package."""
    with pytest.MonkeyPatch.context() as patch:
        yield Bench(tmp_path_factory.mktemp("ranking"), rows, patch)


def test_figures_are_those_of_the_kept_predictions_and_nothing_is_fitted_twice(
    fitted: Bench, rows: EncodedRows, capsys: pytest.CaptureFixture[str]
) -> None:
    found = fitted.run(capsys, "--models", "fm")
    assert found["part"] == "valid" and set(found["models"]) == {"fm"}
    aucs = recomputed(fitted.runs / "ml-1m", "taojin", "fm", part=1)
    assert found["models"]["fm"] == {"taojin": pytest.approx(np.mean(aucs), abs=1e-5), "deepctr": None, "rechub": None}
    kept = files(fitted.runs / "ml-1m", "taojin", "fm")
    assert len(kept) == len(RATES) + SEEDS - 1
    for said in kept.values():
        part = said["part"].to_numpy()
        for of in (1, 2):
            assert (said["label"].to_numpy()[part == of] == rows.labels["like"][rows.part == of]).all()
            assert (said["user"].to_numpy()[part == of] == rows.columns["user"][rows.part == of]).all()
    assert fitted.results.read_text() == "# Results\n"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trials, "_fit", lambda *arguments: pytest.fail(f"fitted once more: {arguments[1:]}"))
        assert fitted.run(capsys, "--models", "fm") == found
        final = fitted.run(capsys, "--models", "fm", "--final")
    aucs = recomputed(fitted.runs / "ml-1m", "taojin", "fm", part=2)
    assert final["part"] == "test" and final["models"]["fm"]["taojin"] == pytest.approx(np.mean(aucs), abs=1e-5)
    assert f"| fm | {np.mean(aucs):.4f} |  |" in fitted.results.read_text()


def test_the_table_sets_the_sides_beside_each_other(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    made = bench.pretend()
    found = bench.run(capsys, "--against", "deepctr", "rechub", "--models", "fm", "deepfm", "--final")
    sides = {model: {side for side, of, *_ in made if of == model} for model in ("fm", "deepfm")}
    assert sides == {"fm": {"taojin", "deepctr"}, "deepfm": {"taojin", "deepctr", "rechub"}}  # RecHub has no FM
    assert len(made) == len(set(made)) == 5 * (len(RATES) + SEEDS - 1)
    text = bench.results.read_text()
    assert "| model | taojin | deepctr | rechub | taojin minus the better peer |" in text
    for model in ("fm", "deepfm"):
        aucs = {side: recomputed(bench.runs / "ml-1m", side, model, part=2) for side in sides[model]}
        for side in ("taojin", "deepctr", "rechub"):
            mean = found["models"][model][side]
            assert mean == (pytest.approx(np.mean(aucs[side]), abs=1e-5) if side in aucs else None)
        means = " | ".join(
            f"{np.mean(aucs[side]):.4f}" if side in aucs else "" for side in ("taojin", "deepctr", "rechub")
        )
        assert f"| {model} | {means} | {difference(aucs)} |" in text
    assert text.count("## Ranking beside others, ml-1m") == 1 and "commit abc1234" in text


def test_the_section_names_the_commits_that_fitted_and_not_the_one_that_read(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.pretend()
    bench.run(capsys, "--models", "fm")
    bench.patch.setattr(trials, "commit", lambda: "def5678")
    bench.run(capsys, "--models", "fm", "deepfm", "--final")
    assert "fits of commit abc1234, def5678." in bench.results.read_text()


def test_other_rows_or_limits_are_fitted_anew(
    bench: Bench, rows: EncodedRows, capsys: pytest.CaptureFixture[str]
) -> None:
    made = bench.pretend()
    bench.run(capsys, "--models", "fm")
    once = len(made)
    bench.run(capsys, "--models", "fm", "--seeds", str(SEEDS))
    assert len(made) == once
    bench.run(capsys, "--models", "fm", "--batch", "128")
    assert len(made) == 2 * once
    flipped = replace(rows, labels={"like": 1 - rows.labels["like"]})
    bench.patch.setattr(ranking, "rows_of", lambda name, data, limit: flipped)
    bench.run(capsys, "--models", "fm")
    assert len(made) == 3 * once
    assert len(list((bench.runs / "ml-1m").iterdir())) == 3


def test_several_targets_have_a_line_each(bench: Bench, rows: EncodedRows, capsys: pytest.CaptureFixture[str]) -> None:
    labels = {"click": rows.labels["like"], "long_view": np.roll(rows.labels["like"], 1)}
    bench.patch.setattr(ranking, "rows_of", lambda name, data, limit: replace(rows, labels=labels))
    bench.pretend()
    found = bench.run(capsys, "--models", "fm")
    assert list(found["models"]) == ["fm, click", "fm, long_view"]
    for target in labels:
        aucs = recomputed(bench.runs / "ml-1m", "taojin", "fm", part=1, target=target)
        assert found["models"][f"fm, {target}"]["taojin"] == pytest.approx(np.mean(aucs), abs=1e-5)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.floats(0.5, 0.9)] * 3), min_size=2, max_size=8))
def test_the_difference_is_paired_with_the_better_peer(values: list[tuple[float, float, float]]) -> None:
    ours, one, other = (list(side) for side in zip(*values, strict=True))
    better = one if np.mean(one) >= np.mean(other) else other
    gaps = np.subtract(ours, better)
    mean, half = gaps.mean(), stats.t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / len(gaps) ** 0.5
    found = difference({"taojin": ours, "deepctr": one, "rechub": other})
    numbers = [float(part) for part in found.replace("[", "").replace("]", "").replace(",", "").split()]
    assert numbers == pytest.approx([mean, mean - half, mean + half], abs=1.5e-4)


def test_a_difference_needs_a_peer_and_an_interval_several_seeds() -> None:
    assert difference({"taojin": [0.7, 0.8]}) == ""
    assert difference({"taojin": [0.75], "deepctr": [0.7]}) == "+0.0500"
    assert table({"fm": {"taojin": [0.75], "deepctr": [0.7]}}, ("taojin", "deepctr", "rechub")).splitlines() == [
        "| model | taojin | deepctr | rechub | taojin minus the better peer |",
        "|---|---|---|---|---|",
        "| fm | 0.7500 | 0.7000 |  | +0.0500 |",
    ]


def test_rows_are_read_as_they_were_written(rows: EncodedRows, tmp_path: Path) -> None:
    rows.save(tmp_path / "rows.npz")
    found = EncodedRows.load(tmp_path / "rows.npz")
    for field in fields(EncodedRows):
        one, other = getattr(rows, field.name), getattr(found, field.name)
        if field.name in ("columns", "labels"):
            assert list(one) == list(other)
            for name in one:
                assert one[name].dtype == other[name].dtype
                np.testing.assert_array_equal(one[name], other[name])
        else:
            np.testing.assert_equal(other, one)
            assert type(other) is type(one)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(2, 9), max_size=5), min_size=1, max_size=6), st.integers(1, 6))
def test_histories_are_shortened_and_put_on_the_right(pasts: list[list[int]], length: int) -> None:
    padded = np.array([[0] * (5 - len(past)) + past for past in pasts], np.int32)
    part = np.zeros(len(pasts), np.uint8)
    rows = EncodedRows(
        {"history_item": padded, "history_genre": padded * 2}, {}, {}, part, (), (), (), ("item", "genre")
    )
    short = rows.shortened(length)
    assert short.length == min(length, 5)
    last = [past[-length:] for past in pasts]
    assert short.known().tolist() == [len(past) for past in last]
    right = [past + [0] * (short.length - len(past)) for past in last]
    assert short.on_the_right("item").tolist() == right
    assert short.on_the_right("genre").tolist() == [[2 * item for item in past] for past in right]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from(["one", "two\n\nthree", "| a |"])), max_size=10))
def test_a_section_takes_the_place_of_its_own_only(written: list[tuple[str, str]]) -> None:
    class File:
        text = "# Results\n\nIntroduction.\n\n## B\n\nfirst\n\n### Not B\n\nstays with B\n"

        def read_text(self, **options: str) -> str:
            return self.text

        def write_text(self, text: str, **options: str) -> None:
            self.text = text

    file, expected = File(), {"B": "first\n\n### Not B\n\nstays with B"}
    for title, text in written:
        write_section(file, title, f"\n{text}\n\n")
        expected[title] = text  # a dict keeps the place of a key that it has
        before = file.text
        write_section(file, title, text)
        assert file.text == before
    sections = "".join(f"\n## {title}\n\n{text}\n" for title, text in expected.items())
    assert file.text == f"# Results\n\nIntroduction.\n{sections}"
