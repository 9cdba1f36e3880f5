"""`python -m benchmarks retrieval ml-1m | beauty | gowalla --data DIR`: every channel that applies, alone.

DIR is the folder that holds the data sets. Judges on the validation part; `--final` reads the test part and writes the
table to docs/results.md. Rows are kept in `--runs`, so that `--only NAME` repeats one; the last line is one JSON line
with all rows of the table.
"""

import argparse
import importlib
import json
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.environment import ROOT, takes_data
from benchmarks.quality import RESULTS, commit
from benchmarks.section import write_section

MODULES = {
    "ml-1m": "benchmarks.retrieval.ml_1m",
    "beauty": "benchmarks.retrieval.beauty",
    "gowalla": "benchmarks.retrieval.gowalla",
}
"""Modules with `run(data, only, final)`, which returns figures by the name of the model; the docstring says how."""
FIGURES = ("ndcg@10", "hr@10", "ndcg@20", "recall@20")


def main(arguments: list[str]) -> None:
    """Measure, print a table of all rows known so far, end with one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks retrieval", description=__doc__)
    parser.add_argument("name", choices=MODULES)
    takes_data(parser)
    parser.add_argument("--only", help="one model")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "retrieval", help="where rows are kept")
    parser.add_argument("--final", action="store_true", help="read the test part, and say so in docs/results.md")
    options = parser.parse_args(arguments)
    measured = commit()
    module = importlib.import_module(MODULES[options.name])
    file = options.runs / f"{options.name}-{'test' if options.final else 'valid'}.json"
    known(file)  # one that cannot be read is found now, not after an hour
    found = module.run(options.data, options.only, options.final)
    rows = keep(file, found, measured)
    print(table(rows))
    if options.final:
        _write(options.name, rows, module.__doc__ or "")
    print(
        json.dumps({"models": {name: {key: row[key] for key in row if key != "commit"} for name, row in rows.items()}})
    )


def known(file: Path) -> dict[str, dict[str, object]]:
    """The rows measured before."""
    try:
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: expected the rows of earlier runs as JSON, got {error}; remove it") from None


def keep(file: Path, found: dict[str, dict[str, float]], measured: str) -> dict[str, dict[str, object]]:
    """All rows of a table: those measured before, and in their place those measured now."""
    rows = known(file)
    rows |= {model: {**row, "commit": measured} for model, row in found.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return rows


def table(rows: dict[str, dict[str, object]]) -> str:
    """The rows as Markdown, the best first."""
    shown = [figure for figure in FIGURES if any(figure in row for row in rows.values())]
    best = sorted(rows, key=lambda name: -float(rows[name][shown[0]]) if shown[0] in rows[name] else 0.0)
    lines = [f"| model | {' | '.join(shown)} | seconds | epochs | commit |", "|---" * (len(shown) + 4) + "|"]
    for name in best:
        row = rows[name]
        figures = [f"{row[figure]:.4f}" if figure in row else "" for figure in shown]
        epochs = f"{row['epochs']}{', cut off by the clock' if row.get('cut_off') else ''}" if "epochs" in row else ""
        lines.append(f"| {name} | {' | '.join(figures)} | {row['seconds']:.0f} | {epochs} | {row['commit']} |")
    return "\n".join(lines)


def _write(name: str, rows: dict[str, dict[str, object]], protocol: str) -> None:
    """The section of docs/results.md on a data set: how it is judged, and all rows; what stood there goes."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    command = f"`python -m benchmarks retrieval {name} --data DIR --final`, with `--only MODEL` for one row; {today}."
    write_section(RESULTS, f"Retrieval, {name}", f"{command}\n{protocol.strip()}\n\n{table(rows)}")
