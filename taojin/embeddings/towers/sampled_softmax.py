"""Softmax over a sample of the catalogue: the batch's own items mixed with uniform ones.

In-batch negatives come in proportion to popularity, and alone they never show most of the catalogue; mixed with
uniform ones and corrected for how often each item is drawn they stand for the whole of it.

Yi et al., RecSys 2019, https://doi.org/10.1145/3298689.3346996 (logQ correction); Yang et al., WWW 2020 companion,
https://doi.org/10.1145/3366424.3386195 (mixed negatives). Deviation: the positive, which is always there, is not
corrected and not counted among the negatives (as Khrylchenko et al., RecSys 2025, https://arxiv.org/abs/2507.09331,
without their weight of the rows).

Shapes: B rows of a batch, S sampled items, D embedding size.
"""

import torch
from torch import Tensor


def sampled_softmax(
    queries: Tensor, wanted: Tensor, sampled: Tensor, *, same: Tensor, drawn: Tensor, temperature: float
) -> Tensor:
    """Mean cross-entropy of the wanted items against the sampled ones.

    queries     float32[B, D]
    wanted      float32[B, D]   vector of each row's item
    sampled     float32[S, D]
    same        bool[B, S]      sampled items that are the row's own
    drawn       float32[S]      how often each sampled item is expected in such a sample
    """
    queries = queries / temperature
    own = (queries * wanted).sum(1)  # [B]
    # The correction rides on the product as one more column, and the mask is written in place: B times S is large.
    others = with_column(queries, torch.ones_like(own)) @ with_column(sampled, -drawn.log()).T  # [B, S]
    others.masked_fill_(same, -torch.inf)
    return (torch.logaddexp(own, others.logsumexp(1)) - own).mean()


def with_column(vectors: Tensor, column: Tensor) -> Tensor:
    """Vectors with one more number each."""
    return torch.cat([vectors, column.unsqueeze(1)], 1)
