"""Losses that tell a wanted item from others, computed block by block so that memory stays bounded.

The scores of N rows against S items are the largest thing in the training of a retrieval model. So no loss keeps them:
a block of rows is scored, its loss and the gradient of its loss are taken at once, and only gradients of vectors stay.

Shapes: N rows of a batch, B rows of a block, S items of a sample, M silent scores, D embedding size.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional

from taojin.core.bounds import Bound, Share, bounded
from taojin.embeddings.towers.negatives import Sample

BLOCK = 256
"""Rows that are scored at once: with a few thousand items their scores stay in the cache."""


class Terms(NamedTuple):
    """The losses of rows, and their gradients by the scores.

    value   float32[B]
    own     float32[B]      by the score of the wanted item
    others  float32[B, S]   by those of the others
    """

    value: Tensor
    own: Tensor
    others: Tensor


@runtime_checkable
class Loss(Protocol):
    """A spec of a loss."""

    def terms(self, own: Tensor, others: Tensor, sample: Sample) -> Terms:
        """Losses from the scores of the wanted items [B] and of the sample [B, S], which may be overwritten.

        A row's own item, and what else counts nothing for it, has the score minus infinity in the sample.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """Cross-entropy of the wanted item against the others; of a sample, corrected for how often each item is drawn.

    Yi et al., RecSys 2019, https://doi.org/10.1145/3298689.3346996 (logQ correction); Yang et al., WWW 2020 companion,
    https://doi.org/10.1145/3366424.3386195 (mixed negatives). Deviation: the wanted item, which is always there, is
    not corrected and not counted among the others (as Khrylchenko et al., RecSys 2025,
    https://arxiv.org/abs/2507.09331, without their weight of the rows).
    """

    def terms(self, own: Tensor, others: Tensor, sample: Sample) -> Terms:
        """log(exp(own) + sum of weight times exp(others)) - own."""
        others.add_(sample.weight)
        highest = torch.maximum(own, others.amax(1))
        share, mine = others.sub_(highest.unsqueeze(1)).exp_(), (own - highest).exp()
        total = mine + share.sum(1)
        return Terms(total.log() + highest - own, mine / total - 1, share.div_(total.unsqueeze(1)))


@dataclass(frozen=True, kw_only=True)
class BinaryCrossEntropy:
    """The wanted item is a yes, each other one a no; all no together weigh `weight` yeses, None: each of them one."""

    weight: Annotated[float | None, Bound(low=0)] = 1.0

    def __post_init__(self) -> None:
        bounded(self)

    def terms(self, own: Tensor, others: Tensor, sample: Sample) -> Terms:
        """-log s(own) - scale times the sum of log s(-others)."""
        scale = 1.0 if self.weight is None else self.weight / others.shape[1]
        return _binary(own, others, yes=1.0, no=scale)


@dataclass(frozen=True, kw_only=True)
class GBCE:
    """Binary cross-entropy whose yes is raised to a power, so that sampled negatives do not make it overconfident.

    Petrov and Macdonald, RecSys 2023, https://arxiv.org/abs/2308.07192

    calibration     t: 0 is plain binary cross-entropy, 1 gives the probabilities of the softmax; the paper takes 0.75
    """

    calibration: Share = 0.75

    def __post_init__(self) -> None:
        bounded(self)

    def terms(self, own: Tensor, others: Tensor, sample: Sample) -> Terms:
        """(-power times log s(own) - sum of log s(-others)) ÷ (S + 1)."""
        rate = min(others.shape[1] / max(sample.catalogue - 1, 1), 1.0)  # alpha
        power = rate * (self.calibration * (1 - 1 / rate) + 1 / rate)
        scale = 1 / (others.shape[1] + 1)
        return _binary(own, others, yes=power * scale, no=scale)


@dataclass(frozen=True, kw_only=True)
class BPR:
    """The wanted item scores higher than each other one.

    Rendle et al., UAI 2009, https://arxiv.org/abs/1205.2618
    """

    def terms(self, own: Tensor, others: Tensor, sample: Sample) -> Terms:
        """Mean of -log s(own - others)."""
        ahead = others.sub_(own.unsqueeze(1))
        value = functional.softplus(ahead).mean(1)
        slope = ahead.sigmoid_().div_(ahead.shape[1])
        return Terms(value, -slope.sum(1), slope)


def _binary(own: Tensor, others: Tensor, *, yes: float, no: float) -> Terms:
    value = yes * functional.softplus(-own) + no * functional.softplus(others).sum(1)
    return Terms(value, -yes * (-own).sigmoid(), others.sigmoid_().mul_(no))


class Cells(NamedTuple):
    """Scores of a sample that count nothing, by their places.

    row     int64[M]    of the batch, ascending
    column  int64[M]    of the sample
    """

    row: Tensor
    column: Tensor


def total_loss(
    loss: Loss,
    queries: Tensor,
    wanted: Tensor,
    candidates: Tensor,
    *,
    own: Tensor,
    sample: Sample,
    liked: Cells | None = None,
) -> Tensor:
    """Sum of the rows' losses, a scalar with gradients for all three kinds of vectors; bf16 in an autocast.

    queries     [N, D]
    wanted      [N, D]      vector of each row's item
    candidates  [S, D]      vectors of the sample
    own         int64[N]    each row's item
    liked       what counts nothing: at least each row's item; None: that alone
    """
    found: Tensor = _InBlocks.apply(queries, wanted, candidates, loss, liked or _own(own, sample), sample)
    return found


def _own(own: Tensor, sample: Sample) -> Cells:
    # Distinct and ascending items hold it once at most.
    place = torch.searchsorted(sample.item, own).clamp(max=len(sample.item) - 1)
    row = (sample.item[place] == own).nonzero().squeeze(1)
    return Cells(row, place[row])


class _InBlocks(torch.autograd.Function):
    """Scores, loss and gradients of a block of rows after the other."""

    @staticmethod
    def forward(
        ctx: Any, queries: Tensor, wanted: Tensor, candidates: Tensor, loss: Loss, silent: Cells, sample: Sample
    ) -> Tensor:
        low = torch.is_autocast_enabled(queries.device.type)
        product = torch.get_autocast_dtype(queries.device.type) if low else queries.dtype
        items = candidates.to(product)
        gradients = torch.empty_like(queries), torch.empty_like(wanted), torch.zeros_like(candidates, dtype=torch.float)
        total = torch.zeros((), device=queries.device)
        starts = list(range(0, len(queries), BLOCK))
        bounds = torch.searchsorted(silent.row, torch.tensor([*starts, len(queries)], device=queries.device)).tolist()
        with torch.autocast(queries.device.type, enabled=False):
            for start, low_cell, high_cell in zip(starts, bounds, bounds[1:], strict=False):
                rows, cells = slice(start, start + BLOCK), slice(low_cell, high_cell)
                query, item = queries[rows].float(), wanted[rows].float()
                others = (query.to(product) @ items.T).float()  # [B, S]
                others[silent.row[cells] - start, silent.column[cells]] = -math.inf
                terms = loss.terms((query * item).sum(1), others, sample)
                slope, by_own = terms.others.to(product), terms.own.unsqueeze(1)
                gradients[0][rows] = (slope @ items).float() + by_own * item
                gradients[1][rows] = by_own * query
                gradients[2].add_(slope.T @ query.to(product))
                total += terms.value.sum()
        ctx.save_for_backward(*gradients)
        ctx.dtypes = queries.dtype, wanted.dtype, candidates.dtype
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        found = (saved * gradient for saved in ctx.saved_tensors)
        return *(one.to(dtype) for one, dtype in zip(found, ctx.dtypes, strict=True)), None, None, None
