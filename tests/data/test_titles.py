"""Titles lose their year and get their article back."""

import pyarrow as pa
import pytest

from taojin.data.titles import parse, released


@pytest.mark.parametrize(
    ("text", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Matrix, The (1999)", "The Matrix", 1999),
        ("American in Paris, An (1951)", "An American in Paris", 1951),
        ("Vie est belle, La (Life is Rosey) (1987)", "La Vie est belle (Life is Rosey)", 1987),
        ("Slingshot, The (Kådisbellan ) (1993)", "The Slingshot (Kådisbellan)", 1993),
        ("Promise, The (Promesse, La) (1996)", "The Promise (La Promesse)", 1996),
        ("Eye of Vichy, The (Oeil de Vichy, L') (1993)", "The Eye of Vichy (L'Oeil de Vichy)", 1993),
        ("Priscilla, Queen of the Desert, The (1994)", "The Priscilla, Queen of the Desert", 1994),
        ("Paris, Texas (1984)", "Paris, Texas", 1984),
        ("Two Friends (1986) ", "Two Friends", 1986),
        ("Land Before Time III (1995) (V)", "Land Before Time III", 1995),
        ("Death Note (2006–2007)", "Death Note", 2006),
        ("Associate, The (L'Associe)(1982)", "The Associate (L'Associe)", 1982),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968),
        ("Black Mirror", "Black Mirror", None),
        (" Cosmos ", "Cosmos", None),
    ],
)
def test_title_and_year(text: str, title: str, year: int | None) -> None:
    parsed = parse(pa.chunked_array([[text]]))
    assert parsed.title.to_pylist() == [title]
    assert parsed.year.to_pylist() == [year]


def test_films_come_out_on_new_years_day() -> None:
    assert released(pa.array([1970, 1971, 1969, None])).to_pylist() == [0, 31_536_000_000, -31_536_000_000, None]
