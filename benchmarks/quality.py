"""`python -m benchmarks quality RECIPE --data DIR`: the funnel beside baselines, EASE and SASRec, over several seeds.

Judges on the validation part, which choices may look at; `--final` reads the test part and writes command, commit,
seeds and result to docs/results.md.
"""

import argparse
import json
import resource
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

import taojin
from benchmarks.alone import alone
from benchmarks.section import shown, write_section
from taojin.evaluation.evaluation import Evaluation, average
from taojin.evaluation.report_table import report_table
from taojin.experiment.evaluate import evaluate

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results.md"


def main(arguments: list[str]) -> None:
    """Train, judge, print; end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks quality", description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "quality", help="where the bundles go")
    parser.add_argument("--final", action="store_true", help="read the test part, and say so in docs/results.md")
    options = parser.parse_args(arguments)
    measured = commit()
    judged, seconds = [], []
    for seed in options.seeds:
        out = options.runs / f"{options.recipe}-{options.data.name if options.data else 'built-in'}-{seed}"
        start = time.perf_counter()
        taojin.train(options.recipe, options.data, out, seed=seed)
        seconds.append(time.perf_counter() - start)
        judged.append(evaluate(out, part="test" if options.final else "valid", beside=alone(out)))
    found = average(judged)
    Console().print(report_table(found))
    figures = {
        **_figures(found),
        "train_seconds": [round(one) for one in seconds],
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }
    if options.final:
        _append(arguments, measured, found, figures)
    print(json.dumps(figures))


def _figures(found: Evaluation) -> dict[str, object]:
    """What is quoted: NDCG@10 of each list, and the differences with their intervals."""
    plain = found.to_json()
    return {
        "data": plain["data"],
        "part": plain["part"],
        "users": plain["users"],
        "seeds": plain["seeds"],
        "funnel": plain["funnel"]["ndcg@10"],
        **{name: values["ndcg@10"] for name, values in plain["baselines"].items()},
        "differences": {name: values["ndcg@10"] for name, values in plain["differences"].items()},
        "auc": plain["ranker"]["auc"],
        "coverage@10": plain["coverage@10"],
        **({"gap": plain["gap"]} if plain["gap"] else {}),
    }


def commit() -> str:
    """The code that is measured, as it stands when the run starts; results are no code."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs/results.md")
    return git("rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")


def _append(arguments: list[str], commit: str, found: Evaluation, figures: dict[str, object]) -> None:
    """A section of docs/results.md: what was run, on which commit, and what came out."""
    lists = {"funnel": found.funnel, **found.baselines}
    rows = []
    for name, values in lists.items():
        interval = found.intervals[name]["ndcg@10"]
        difference = found.differences.get(name, {}).get("ndcg@10")
        said = f"{difference.mean:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]" if difference else ""
        rows.append(
            f"| {name} | {values['ndcg@10']:.4f} [{interval.low:.4f}, {interval.high:.4f}] "
            f"| {values['hr@10']:.4f} | {values['coverage@10']:.4f} | {said} |"
        )
    title = f"{figures['data']}, {found.users} users, seeds {', '.join(map(str, found.about.seeds))}"
    text = f"""
`python -m benchmarks quality {shown(arguments)}` on {datetime.now(UTC):%Y-%m-%d}, commit {commit}, training
{", ".join(map(str, figures["train_seconds"]))} s, peak memory {figures["peak_gb"]} GB.
The split guards {found.about.guards}.

| list | NDCG@10 [95 %] | HR@10 | coverage@10 | funnel minus it, NDCG@10 [95 %] |
|---|---|---|---|---|
"""
    gap = found.gap
    share = f"\nShare of the gap to the ideal: {gap.mean:.3f} [{gap.low:.3f}, {gap.high:.3f}].\n" if gap else ""
    write_section(RESULTS, title, text + "\n".join(rows) + "\n" + share)
