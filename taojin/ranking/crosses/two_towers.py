"""Two towers: the inner product of a vector of the request and a vector of the item, each out of its own perceptron.

Huang et al., CIKM 2013, https://doi.org/10.1145/2505515.2505665. In pre-ranking the request's tower is computed once,
and each candidate costs its own tower and one product.

Shapes: N rows, R = 1 or N requests, F fields of a side, D vector size, E size of a tower's vector.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from taojin.core.bounds import Count, Counts, bounded
from taojin.nn.perceptron import perceptron
from taojin.ranking.parts import CrossModule, Embedded, Fields


@dataclass(frozen=True, kw_only=True)
class TwoTowers:
    """A logit: the product of what two perceptrons make of the request's vectors and of the item's.

    Interests that do not look at the candidate (`MeanPool`, `Encoded(ask="end")`) belong to the request's tower.

    hidden  units of the layers of each tower
    size    of the vectors whose product is taken
    """

    hidden: Counts = (128,)
    size: Count = 32

    def __post_init__(self) -> None:
        bounded(self)

    def build(self, fields: Fields) -> CrossModule:
        """Both towers; refuses fields of one side alone, and interests that look at the candidate."""
        fields.width("TwoTowers")
        declared = (*fields.inputs.names_of_sides, *fields.of_request)
        looking = [name for name in fields.names if name.startswith("interest.") and name not in declared]
        if looking:
            raise ValueError(
                "ranking: TwoTowers computes the request's side without the candidate, but an interest looks at it; "
                'take MeanPool() or Encoded(ask="end")'
            )
        shared = [name in fields.of_request for name in fields.names]
        if all(shared) or not any(shared):
            raise ValueError(
                "ranking: TwoTowers needs fields of the request and of the item, got "
                f"{', '.join(fields.names)} of the {'request' if all(shared) else 'item'} alone"
            )
        return Product(self, shared, fields.dim)


class Product(CrossModule):
    width = 1

    def __init__(self, spec: TwoTowers, shared: list[bool], dim: int) -> None:
        super().__init__()
        self.shared = shared
        self.request, self.item = (
            perceptron(dim * shared.count(side), spec.hidden, spec.size, 0.0) for side in (True, False)
        )
        self.scale = spec.size**-0.5

    def forward(self, x: Embedded) -> Tensor:
        """The product, float32[N, 1]."""
        sides: dict[bool, list[Tensor]] = {True: [], False: []}
        at = 0
        for block in x.blocks:
            sides[self.shared[at]].append(block.flatten(1))
            at += block.shape[1]
        request = self.request(torch.cat(sides[True], 1))  # [R, E]
        item = self.item(torch.cat(sides[False], 1))  # [N, E]
        return (request * item).sum(1, keepdim=True) * self.scale
