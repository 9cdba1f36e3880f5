"""What each stage did with a batch: counts, reasons, milliseconds.

The same trace serves the command line, the tests, the metrics and the console.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Step:
    """One part's work on one batch.

    stage       retrieval, rules, preranking, ranking, reranking
    part        name of the part in the scene
    before      candidates that came in; 0 for a channel
    after       candidates that went out
    ms          wall time, milliseconds
    failure     what went wrong, empty if nothing
    moved       for a re-ranker: how many of the first places hold another item than before
    """

    stage: str
    part: str
    before: int = 0
    after: int = 0
    ms: float = 0.0
    failure: str = ""
    moved: int = 0


@dataclass(slots=True)
class Trace:
    """The steps of one call of a pipeline, in their order."""

    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, stage: str, part: str, before: int = 0) -> Iterator[Step]:
        """Time one part; the caller fills in what came out."""
        step = Step(stage, part, before)
        self.steps.append(step)
        start = time.perf_counter()
        try:
            yield step
        finally:
            step.ms = (time.perf_counter() - start) * 1e3

    @property
    def degraded(self) -> list[str]:
        """Names of the parts that failed and were left out."""
        return [f"{step.stage}.{step.part}" for step in self.steps if step.failure]

    def table(self) -> str:
        """The steps as text, a line each."""
        lines = [f"{'stage':<11} {'part':<18} {'in':>7} {'out':>7} {'ms':>8}"]
        for step in self.steps:
            note = f"  failed: {step.failure}" if step.failure else f"  moved {step.moved}" if step.moved else ""
            before = str(step.before) if step.before else ""
            lines.append(f"{step.stage:<11} {step.part:<18} {before:>7} {step.after:>7} {step.ms:>8.2f}{note}")
        return "\n".join(lines)
