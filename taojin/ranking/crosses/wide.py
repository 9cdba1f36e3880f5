"""Wide part: a weight for each pair of values of two fields that were chosen by hand.

Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016, https://arxiv.org/abs/1606.07792

Shapes: N rows, C crosses.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from taojin.core.bounds import Count, bounded
from taojin.core.hint import did_you_mean
from taojin.core.units import FIRST, PAD
from taojin.features.feature import Level
from taojin.features.inputs import CategoryField, Inputs
from taojin.nn.table import Table
from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True)
class Wide:
    """The sum of a weight per pair of values of each cross; `Linear()` beside it has those of single values.

    crosses     pairs of names of categories that have one value
    buckets     weights of a cross at most; where there are more pairs of values, several share a weight
    """

    crosses: tuple[tuple[str, str], ...]
    buckets: Count = 100_003

    def __post_init__(self) -> None:
        bounded(self)
        if not self.crosses or any(len(cross) != 2 for cross in self.crosses):
            raise ValueError(f"ranking: Wide needs pairs of names of fields, got {self.crosses}")

    def build(self, fields: Fields) -> CrossModule:
        """A module with a table of its own, of vectors of size 1."""
        inputs = fields.all_inputs("Wide")
        crosses = [(_slot(inputs, first), _slot(inputs, second)) for first, second in self.crosses]
        return PairWeights(crosses, self.buckets)


@dataclass(frozen=True)
class Slot:
    """Where the code of a field stands in a batch, and how many codes there are."""

    level: Level
    column: int
    size: int


class PairWeights(CrossModule):
    width = 1

    def __init__(self, crosses: list[tuple[Slot, Slot]], buckets: int) -> None:
        super().__init__()
        self.crosses = crosses
        self.sizes = [min(first.size * second.size, buckets) for first, second in crosses]
        fields = (
            CategoryField(f"cross.{place}", Level.CANDIDATE, FIRST + size) for place, size in enumerate(self.sizes)
        )
        self.table = Table(Inputs(tuple(fields)), 1)

    def forward(self, x: Embedded) -> Tensor:
        """The sum of the crosses' weights, float32[N, 1]; a value that is missing has none."""
        pairs = zip(self.crosses, self.sizes, strict=True)
        codes = torch.stack([self._codes(x, first, second, size) for (first, second), size in pairs], 1)
        return self.table.items(codes, x.batch.item_numbers[:, :0]).sum(1).expand(x.rows, -1)

    @staticmethod
    def _codes(x: Embedded, first: Slot, second: Slot, size: int) -> Tensor:
        one, other = (
            (x.batch.item if slot.level == Level.CANDIDATE else x.batch.request)[:, slot.column].long()
            for slot in (first, second)
        )
        pair = (one * second.size + other) % size + FIRST
        return torch.where((one == PAD) | (other == PAD), PAD, pair)


def _slot(inputs: Inputs, name: str) -> Slot:
    single = {field.name: field for field in inputs.categories if field.values == 1}
    if name not in single:
        raise ValueError(
            f"ranking: Wide crosses categories of one value; {name!r} is none; {did_you_mean(name, single)}"
        )
    level = single[name].level
    # Single values come first within a side, so that a slot is a place among them.
    beside = [field.name for field in single.values() if field.level == level]
    return Slot(level, beside.index(name), single[name].size)
