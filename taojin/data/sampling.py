"""Which rows rankers learn from, and what their labels are."""

from dataclasses import dataclass
from typing import Annotated

from taojin.core.bounds import COUNT, POSITIVE, Portion, Whole, bounded
from taojin.core.units import DAY
from taojin.data.tasks import Reaction, Task


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """What rankers learn from.

    tasks       what to predict: kinds of event by name, or specs of `taojin.data.tasks`
    exposed     a kind of event each of which is a row, such as "show": what was shown, as it happened
    within      what came of an exposure: also the events of its user and item up to so many milliseconds later, until
                the item is shown again
    requests    moments per user at which the funnel is asked; 0: it is not
    proposed    items that the scene's own channels propose, a request
    unproposed  also take what users met though no channel proposed it
    random      random unexposed items a request
    negatives   at most so many rows without any positive task for each row with one, drawn at random; None: all
    half_life   a row counts half as much as one so many milliseconds later; None: all count the same
    late        the last share of each user's training events gives the rows; what feeds rankers is fitted on the rest
    scene       whose channels propose
    """

    tasks: tuple[str | Task, ...] = ("like",)
    exposed: str | None = None
    within: Whole = DAY
    requests: Whole = 8
    proposed: Whole = 60
    unproposed: bool = True
    random: Whole = 3
    negatives: Annotated[float | None, POSITIVE] = None
    half_life: Annotated[int | None, COUNT] = None
    late: Portion = 0.3
    scene: str = "for_you"

    def __post_init__(self) -> None:
        bounded(self)
        if not self.tasks:
            raise ValueError('Sampling.tasks: expected one task or more, such as ("like",); got none')
        if not self.requests and self.exposed is None:
            raise ValueError("Sampling: neither `requests` nor `exposed`; rankers would have no rows to learn from")
        repeated = [name for name in self.names if self.names.count(name) > 1]
        if repeated:
            raise ValueError(f"Sampling.tasks: {repeated[0]!r} is there twice")

    @property
    def specs(self) -> tuple[Task, ...]:
        """The tasks, names written out."""
        return tuple(Reaction(task) if isinstance(task, str) else task for task in self.tasks)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tasks."""
        return tuple(task.name for task in self.specs)
