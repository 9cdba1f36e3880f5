"""Which history an interest reads: the model's only one, or one of several, such as the whole past and this session.

Shapes: N rows, R = 1 or N requests, L history length, H columns of the history, E = H * D.
"""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from taojin.core.bounds import bounded
from taojin.core.hint import did_you_mean
from taojin.core.units import PAD
from taojin.features.feature import Level
from taojin.nn.batch import Batch
from taojin.nn.table import Vectors
from taojin.ranking.parts import Fields, History, Interest, InterestModule, build_interest


@dataclass(frozen=True)
class Over:
    """`interest` over one of several histories.

    interests=(Over("history", TargetAttention((80, 40))), Over("session", Encoded(encoder=Recurrent(), ask="end")))

    history     name of a feature of the kind `Recent` that the model reads
    """

    history: str
    interest: Interest

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> InterestModule:
        """The interest's module, for this history alone."""
        histories = fields.inputs.histories
        one = next((history for history in histories if history.name == self.history), None)
        if one is None:
            names = [history.name for history in histories]
            raise ValueError(f"ranking: Over({self.history!r}): no such history; {did_you_mean(self.history, names)}")
        return build_interest(self.interest, replace(fields, inputs=replace(fields.inputs, histories=(one,))))


class Looking(nn.Module):
    """An interest with its places cut out of what the table knows."""

    def __init__(self, module: InterestModule, fields: Fields, history: str | None) -> None:
        super().__init__()
        self.module, self.count = module, module.count
        self.of_request = module.of_request
        inputs = fields.inputs
        at = next((place for place, one in enumerate(inputs.histories) if one.name == history), 0)
        one = inputs.histories[at]
        self.first = sum(len(before.columns) for before in inputs.histories[:at])
        self.columns = len(one.columns)
        # A shorter history than the longest has nothing but padding on its left.
        self.length = one.length if len(inputs.histories) > 1 else None
        names = inputs.side(Level.CANDIDATE).names
        self.candidate = [names.index(column) for column in one.columns]

    def forward(self, vectors: Vectors, batch: Batch) -> tuple[Tensor, Tensor | float]:
        """Vectors float32[1 or N, K, D], and what is added to the loss."""
        places, codes = vectors.history, batch.history
        if self.length is not None:
            columns = slice(self.first, self.first + self.columns)
            places, codes = places[:, -self.length :, columns], codes[:, -self.length :, columns]
        history = History(places.flatten(2), codes[:, :, 0] != PAD)
        found: tuple[Tensor, Tensor | float] = self.module(history, vectors.item[:, self.candidate].flatten(1))
        return found


def looking(interest: Interest, fields: Fields) -> Looking:
    """An interest's module with its history."""
    module = build_interest(interest, fields)
    return Looking(module, fields, interest.history if isinstance(interest, Over) else None)
