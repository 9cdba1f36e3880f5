import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from taojin.core.batch import Rows
from taojin.nn.training import Training
from taojin.ranking import onnx, zoo
from taojin.ranking.lesson import Lesson
from taojin.ranking.onnx import OnnxRanker


@pytest.fixture(scope="module")
def ranker(columns, draw) -> OnnxRanker:
    samples = draw(20, 3)
    spec = replace(zoo.DIN, training=Training(epochs=1, device="cpu"))
    return spec.fit(Lesson(samples, samples, columns))


def test_serving_a_ranker_imports_no_torch() -> None:
    code = "import sys, taojin.ranking.onnx; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_bundle_stores_builds_the_same_ranker(ranker: OnnxRanker, draw) -> None:
    again = OnnxRanker(ranker.graph, ranker.inputs, ranker.tasks, ranker.features)
    rows = draw(3, 5).rows
    assert np.array_equal(again.score(rows)["task0"], ranker.score(rows)["task0"])


def test_columns_that_it_does_not_read_are_not_needed(ranker: OnnxRanker, draw) -> None:
    rows = draw(3, 5).rows
    more = Rows(rows.request | {"other": np.arange(3)}, rows.candidate, rows.of)
    assert np.array_equal(ranker.score(more)["task0"], ranker.score(rows)["task0"])


def test_blocks_of_rows_do_not_change_scores(ranker: OnnxRanker, draw, monkeypatch) -> None:
    rows = draw(30, 2).rows
    expected = ranker.score(rows)["task0"]
    monkeypatch.setattr(onnx, "BLOCK", 7)
    np.testing.assert_allclose(ranker.score(rows)["task0"], expected, rtol=0, atol=1e-6)


def test_no_rows_at_all_have_no_scores(ranker: OnnxRanker, draw) -> None:
    assert ranker.score(draw(3, 0).rows)["task0"].shape == (0,)


def test_a_history_counts_the_same_however_much_padding_it_has(ranker: OnnxRanker, draw) -> None:
    rows = draw(6, 40).rows
    padded = np.pad(rows.request["history"], ((0, 0), (9, 0), (0, 0)))
    longer = Rows(rows.request | {"history": padded}, rows.candidate, rows.of)
    np.testing.assert_allclose(ranker.score(longer)["task0"], ranker.score(rows)["task0"], rtol=0, atol=1e-6)


def test_a_run_writes_nothing_to_the_log(columns, draw, capfd: pytest.CaptureFixture[str]) -> None:
    """Of this one ONNX Runtime warns, each time: it took sums of the request's side and of the item's for alike."""
    samples = draw(20, 3)
    spec = replace(zoo.FIELD_AWARE_FM, training=Training(epochs=1, device="cpu"))
    found = spec.fit(Lesson(samples, samples, columns)).score(draw(1, 40).rows)["task0"]
    assert len(found) == 40 and "onnxruntime" not in capfd.readouterr().err
