"""Graphs of facts about films, in the formats of two published ones, as a context table of a data set.

Heads and tails that stand for a film are its id; every other one is `entity` and its name in the graph, so that no
number of the graph is taken for a film.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from taojin.data.columns import Id
from taojin.data.dataset import Dataset
from taojin.data.delimited import Format
from taojin.data.files import TableFile
from taojin.data.folder import Folder


class Graph(StrEnum):
    """How a folder of facts is written.

    MKR         kg.txt and item_index2entity_id.txt: Wang et al., WWW 2019, https://arxiv.org/abs/1901.08907
    RECBOLE     ml-100k.kg and ml-100k.link: Zhao et al., CIKM 2021, https://arxiv.org/abs/2011.01731; the links are
                those of KB4Rec, https://arxiv.org/abs/1807.11141
    """

    MKR = "mkr"
    RECBOLE = "recbole"


class Source(Protocol):
    """Where users, items and events come from."""

    @property
    def name(self) -> str: ...

    def load(self, path: Path | None) -> Dataset:
        """Read and check them."""
        ...


@dataclass(frozen=True, kw_only=True)
class WithFacts:
    """A source of films and ratings, and the facts about the films that lie in a folder beside it.

    folder  name of the folder or zip archive of the facts
    table   what the facts are called among the context tables
    """

    of: Source
    folder: str
    graph: str
    table: str = "triples"

    def __post_init__(self) -> None:
        if self.graph not in list(Graph):
            raise ValueError(f"WithFacts: graph {self.graph!r}; expected one of {', '.join(Graph)}")

    @property
    def name(self) -> str:
        """What recipes call it."""
        return self.of.name

    def load(self, path: Path | None) -> Dataset:
        """Read both; the facts lie in `path` or beside it."""
        dataset = self.of.load(path)
        inside, beside = ((place / self.folder) for place in (path or Path(), (path or Path()).resolve().parent))
        return with_facts(dataset, read_facts(inside if inside.exists() else beside, Graph(self.graph)), self.table)


def with_facts(dataset: Dataset, facts: pa.Table, table: str = "triples") -> Dataset:
    """The data set with one more context table."""
    return replace(dataset, context={**dataset.context, table: facts})


def read_facts(path: Path, graph: Graph) -> pa.Table:
    """The columns head, relation and tail, as text; a link to a film that no fact names is left aside."""
    if not path.exists():
        raise ValueError(f"{path}: no such folder or zip archive of facts")
    return _READERS[graph](Folder(path))


def _read_mkr(folder: Folder) -> pa.Table:
    facts = _read(folder, "kg.txt", ("head", "relation", "tail"), header=True)
    return _linked(facts, _read(folder, "item_index2entity_id.txt", ("item", "entity"), header=True))


def _read_recbole(folder: Folder) -> pa.Table:
    facts = _read(folder, "ml-100k.kg", ("head_id:token", "relation_id:token", "tail_id:token"))
    return _linked(facts, _read(folder, "ml-100k.link", ("item_id:token", "entity_id:token")))


def _read(folder: Folder, file: str, columns: tuple[str, ...], *, header: bool = False) -> pa.Table:
    """The columns in their order; header: the file's first line does not name them."""
    tabs = Format(delimiter="\t", quote="", header=columns if header else ())
    return TableFile(file, {column: Id(column) for column in columns}, format=tabs).read(folder, "facts").table


_READERS: dict[Graph, Callable[[Folder], pa.Table]] = {Graph.MKR: _read_mkr, Graph.RECBOLE: _read_recbole}


def _linked(facts: pa.Table, links: pa.Table) -> pa.Table:
    """Facts whose heads and tails are film ids where a link names one; of several films of an entity, the first."""
    films, entities = links.columns

    def named(column: pa.ChunkedArray) -> pa.ChunkedArray:
        film = films.take(pc.index_in(column, entities.combine_chunks()))
        return pc.coalesce(film, pc.binary_join_element_wise("entity", column, " "))

    head, relation, tail = facts.columns
    return pa.table({"head": named(head), "relation": relation, "tail": named(tail)})
