"""The page of a run: it says what the evaluation says, and needs nothing from elsewhere."""

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from taojin.bundle.bundle import recipe_of
from taojin.cli.main import app
from taojin.core.batch import Rows
from taojin.evaluation.evaluation import Evaluation
from taojin.evaluation.ranker import JudgedRows
from taojin.experiment.train import Trained
from taojin.nn.samples import Origin, Samples
from taojin.report.importance import importances
from taojin.report.report import report, summary

pytestmark = pytest.mark.xdist_group("runs")


@pytest.fixture(scope="module")
def written(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Path]:
    page = tmp_path_factory.mktemp("report") / "page.html"
    return report(tiny_run, page), page


def test_it_says_what_was_measured(written: tuple[Evaluation, Path]) -> None:
    evaluation, page = written
    text = page.read_text(encoding="utf-8")
    for sentence in summary(evaluation):
        assert sentence.replace("'", "&#39;") in text
    for name, found in evaluation.differences.items():
        one = found["ndcg@10"]
        assert f"{one.mean:+.4f} [{one.low:+.4f}, {one.high:+.4f}]" in text, name
    for name in (*evaluation.channels, *evaluation.stages, *evaluation.slices, "popular_recent", "din", "item2vec"):
        assert name.replace("<", "&lt;").replace(">", "&gt;") in text
    assert text.count("<svg") == 6 and text.count("<section>") == 4
    assert "{{" not in text and "nan" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL).lower().split()


def test_it_loads_nothing(written: tuple[Evaluation, Path]) -> None:
    text = written[1].read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)\b", text)
    assert not re.search(r"(src|href)=\"(?!#)", re.sub(r"xlink:href=\"#", "", text))


@pytest.mark.browser
def test_a_browser_shows_it_without_a_network(written: tuple[Evaluation, Path]) -> None:
    from playwright.sync_api import sync_playwright

    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(offline=True).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"file://{written[1]}")
        assert page.title() == "world_tiny · Taojin report"
        assert page.locator("svg").count() == 6
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        browser.close()
    assert not said


def test_every_training_left_its_curve(tiny_run: Path) -> None:
    trained = recipe_of(tiny_run)
    assert isinstance(trained, Trained)
    names = [curve.name for curve in trained.curves]
    assert names.count("towers") == 2 and {"item2vec", "lr", "din"} <= set(names)
    for curve in trained.curves:
        assert len(curve.loss) == len(curve.valid) and curve.valid[curve.best] == max(curve.valid)


def test_the_sentences_follow_the_intervals(written: tuple[Evaluation, Path]) -> None:
    evaluation = written[0]
    gap = evaluation.differences["item_cf"]["ndcg@10"]
    first = summary(evaluation)[0]
    assert (" above " in first) == (gap.low > 0) and ("not told apart" in first) == (gap.low <= 0 <= gap.high)


@dataclass(frozen=True)
class ByOne:
    """Reads one of its two columns."""

    features: tuple[str, ...] = ("useful", "useless", "of_user")

    def score(self, rows: Rows) -> dict[str, np.ndarray]:
        return {"like": rows.candidate["useful"][:, 0] + 0 * rows.candidate["useless"][:, 0]}


def test_what_is_not_read_does_not_matter() -> None:
    random = np.random.default_rng(0)
    useful = random.random((4_000, 1)).astype(np.float32)
    columns = {name: random.random((4_000, 1)).astype(np.float32) for name in ("useless", "of_another_model")}
    columns["useful"] = useful
    of = np.repeat(np.arange(400), 10)
    rows = Rows({"of_user": random.random((400, 1)).astype(np.float32)}, columns, of)
    label = (useful[:, :1] > 0.5).astype(np.float32)
    samples = Samples(rows, label, ("like",), np.full(4_000, Origin.PROPOSED), np.ones(4_000, np.float32))
    found = importances(ByOne(), JudgedRows(samples, of, of), seed=0)
    assert found[0].feature == "useful" and found[0].loss == pytest.approx(0.5, abs=0.05)
    assert {one.feature: one.loss for one in found[1:]} == {"useless": 0, "of_user": 0}
    alike = JudgedRows(replace(samples, labels=label * 0), of, of)
    assert importances(ByOne(), alike, seed=0) == []


def test_the_command_writes_it_beside_the_run(tiny_run: Path, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["report", str(tiny_run), "--out", str(tmp_path / "in" / "page.html")])
    assert said.exit_code == 0, said.stderr
    assert (tmp_path / "in" / "page.html").exists() and "funnel" in said.stdout
    for place, said_of in (("page.pdf", "ends in .html"), ("in/page.html/x.html", "expected a file's place")):
        bad = CliRunner().invoke(app, ["report", str(tiny_run), "--out", str(tmp_path / place)])
        assert bad.exit_code == 1 and said_of in bad.stderr
    wrong = CliRunner().invoke(app, ["report", str(tiny_run), "--part", "train", "--out", str(tmp_path / "no.html")])
    assert wrong.exit_code == 1 and "expected 'test' or 'valid'" in wrong.stderr
    assert not (tmp_path / "no.html").exists()
