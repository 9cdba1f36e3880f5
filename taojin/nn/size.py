"""How large a network may be: for the memory of its training, and for the file that is served."""

from collections.abc import Sequence

from torch import nn

from taojin.features.inputs import CategoryField
from taojin.nn.memory import check_fits
from taojin.nn.table import Table
from taojin.nn.training import Training

DENSE, SPARSE = 6, 4
"""How often weights stand in memory: with gradient and two moments of Adam, or one number of Adagrad a row; as the best
epoch's; and, when training is over, in the graph and in the session that checks it."""
GRAPH = 2**31 - 2**20
"""Bytes that a graph of ONNX may hold, less some for all that is no weight."""


def check_size(network: nn.Module, training: Training, who: str, remedy: str) -> None:
    """Refuse a network that would not fit; it may be on the meta device, so that it has no weights yet.

    remedy  the end of the message
    """
    tables = [part.weight for part in network.modules() if isinstance(part, Table)]
    rowwise = {id(table) for table in tables if training.rowwise(len(table))}
    weights = list(network.parameters())
    size = sum(weight.numel() * weight.element_size() for weight in weights)
    held = sum(
        weight.numel() * weight.element_size() * (SPARSE if id(weight) in rowwise else DENSE) for weight in weights
    )
    what = f"{who}: {sum(weight.numel() for weight in weights):,} weights"
    check_fits(held, f"{what}, with all that training keeps of them", remedy)
    if size > GRAPH:
        raise ValueError(f"{what} are {size / 2**30:,.1f} GiB, and a graph that is served holds 2 at most; {remedy}")


def largest(categories: Sequence[CategoryField]) -> str:
    """What to do about the largest category."""
    if not categories:
        return "take smaller parts"
    field = max(categories, key=lambda field: field.size)
    return (
        f"{field.name!r} has {field.size:,} codes: raise its min_count, hash it to fewer codes, or take a smaller "
        "`dim` or smaller parts"
    )
