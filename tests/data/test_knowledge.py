"""Facts about films in two published formats: small invented folders, and the real ones where TAOJIN_DATA has them."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from taojin.data.knowledge import Graph, WithFacts, read_facts
from taojin.data.movielens import MovieLens
from taojin.embeddings.knowledge.triples import read_triples
from tests.data.test_movielens import csv_family


def mkr(path: Path) -> None:
    """Entity 10 is no film; the film of this id is entity 0."""
    path.mkdir()
    (path / "kg.txt").write_text("0\tfilm.writer\t10\n1\tfilm.writer\t10\n7\tfilm.star\t1\n")
    (path / "item_index2entity_id.txt").write_text("10\t0\n999\t1\n")


def recbole(path: Path) -> None:
    path.mkdir()
    facts = b"head_id:token\trelation_id:token\ttail_id:token\nm.a\tdirected\tm.b\nm.c\tsequel\tm.b\n"
    (path / "ml-100k.kg.gz").write_bytes(gzip.compress(facts))
    (path / "ml-100k.link").write_text("item_id:token\tentity_id:token\n20\tm.b\n10\tm.c\n")


def rows(facts):
    return [tuple(row.values()) for row in facts.to_pylist()]


def test_films_go_by_their_ids_and_nothing_else_is_taken_for_one(tmp_path):
    mkr(tmp_path / "kg")
    assert rows(read_facts(tmp_path / "kg", Graph.MKR)) == [
        ("10", "film.writer", "entity 10"),
        ("999", "film.writer", "entity 10"),
        ("entity 7", "film.star", "999"),
    ]
    recbole(tmp_path / "rec")
    assert rows(read_facts(tmp_path / "rec", Graph.RECBOLE)) == [
        ("entity m.a", "directed", "20"),
        ("10", "sequel", "20"),
    ]


def test_facts_lie_beside_the_ratings_and_a_film_that_the_data_lacks_is_an_entity(tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    csv_family(films)
    mkr(tmp_path / "kg")
    source = WithFacts(of=MovieLens(), folder="kg", graph="mkr")
    dataset = source.load(films)
    facts = read_triples(dataset.view(np.ones(len(dataset.log), bool)), "triples", "TransE")
    assert (source.name, facts.entities) == ("movielens", ("999", "entity 7", "entity 10"))
    assert dataset.item_vocabulary.row("10") in facts.head


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(ValueError, match="expected one of mkr, recbole"):
        WithFacts(of=MovieLens(), folder="kg", graph="rdf")
    with pytest.raises(ValueError, match="no such folder or zip archive of facts"):
        read_facts(tmp_path / "nowhere", Graph.MKR)
    mkr(tmp_path / "kg")
    with pytest.raises(ValueError, match=r"ml-100k\.kg: no such file"):
        read_facts(tmp_path / "kg", Graph.RECBOLE)


@pytest.mark.skipif("TAOJIN_DATA" not in os.environ, reason="needs the graphs: set TAOJIN_DATA to their folder")
@pytest.mark.parametrize(
    ("graph", "folder", "triples", "films"),
    [("mkr", "kg-ml-1m-mkr", 20_782, 2_347), ("recbole", "kg-ml-100k-recbole", 91_631, 1_598)],
)
def test_the_published_graphs_are_read_whole(graph, folder, triples, films):
    facts = read_facts(Path(os.environ["TAOJIN_DATA"], folder), Graph(graph))
    named = {end for column in ("head", "tail") for end in facts[column].to_pylist() if not end.startswith("entity ")}
    assert (facts.num_rows, len(named)) == (triples, films)
