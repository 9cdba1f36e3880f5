"""Items beside items by their words."""

import numpy as np
import pytest

from taojin.features.words import words_of
from taojin.retrieval.content import Content

TABLE = {
    "genres": [["war", "drama"], ["drama", "war"], ["drama"], [], None, ["war"], ["drama"], ["drama"], [], []],
    "plot": ["A ship, a ship!", "The SHIP sinks", "Über Köln", None, "", "a", "köln", "x", "y", "z"],
    "studio": ["north", "south", "north", None, "", "east", "west", "east", "west", "east"],
}


def plain(weights, i, j):
    shared = sum(weights[i].get(word, 0.0) * value for word, value in weights[j].items())
    lengths = [np.sqrt(sum(value**2 for value in of_item.values())) for of_item in (weights[i], weights[j])]
    return shared / (lengths[0] * lengths[1]) if shared else 0.0


def test_similarities_are_the_cosines_of_tf_idf(view_of, beside):
    view = view_of([2, 3], table=TABLE)
    fitted = Content(columns=("genres", "studio"), texts=("plot",), neighbours=100).fit(view, {}, seed=0)
    words = [
        *({("genre", word): 1 for word in genres or []} for genres in TABLE["genres"]),
    ]
    for item, studio in enumerate(TABLE["studio"]):
        words[item] |= {("studio", studio): 1} if studio else {}
    plots = ["a ship a ship", "the ship sinks", "über köln", "", "", "a", "köln", "x", "y", "z"]
    for item, plot in enumerate(plots):
        for word in plot.split():
            words[item]["plot", word] = words[item].get(("plot", word), 0) + 1
    holders = {word: sum(word in of_item for of_item in words) for of_item in words for word in of_item}
    weights = [{w: (1 + np.log(n)) * np.log1p(12 / holders[w]) for w, n in of_item.items()} for of_item in words]
    for of_item in weights:
        length = {column: np.linalg.norm([of_item[w] for w in of_item if w[0] == column]) for column, _ in of_item}
        of_item |= {word: value / length[word[0]] for word, value in of_item.items()}
    for i in range(10):
        expected = {j + 2: plain(weights, i, j) for j in range(10) if j != i and plain(weights, i, j)}
        assert beside(fitted, i + 2) == pytest.approx(expected, rel=1e-5)


def test_an_item_that_nobody_met_is_reached_by_its_words_alone(view_of, parity, found_items):
    view = view_of([2, 3], table=TABLE)  # all others have no event
    request = parity.ask([2])
    assert found_items(Content().fit(view, {}, seed=0).retrieve(*request, 10))[:2] == [3, 7]
    assert found_items(Content(cold=False).fit(view, {}, seed=0).retrieve(*request, 10)) == [3]


def test_an_item_without_words_has_no_neighbours(view_of, beside):
    fitted = Content(columns=("genres",)).fit(view_of([2], table=TABLE), {}, seed=0)
    assert beside(fitted, 5) == beside(fitted, 6) == {}


def test_words_are_counted_and_empty_ones_are_none(view_of):
    found = words_of(view_of([2], table=TABLE), "item", "plot", "test", text=True)
    of_first = slice(found.offsets[2], found.offsets[3])
    said = dict(zip(np.array(found.names)[found.word[of_first]], found.times[of_first], strict=True))
    assert said == {"a": 2, "ship": 2}
    assert "" not in found.names


def test_columns_that_hold_no_words_are_refused(parity):
    with pytest.raises(ValueError, match=r"Content: column 'year' must hold words or lists of words, not double"):
        Content(columns=("year",)).fit(parity.view, {}, seed=0)
    with pytest.raises(ValueError, match=r"Content: column 'genres' must hold text, not list"):
        Content(texts=("genres",)).fit(parity.view, {}, seed=0)
    with pytest.raises(ValueError, match=r"Content: no column"):
        Content(columns=())
