"""MovieLens in each of GroupLens' formats: small invented folders, and the real ones where TAOJIN_DATA has them."""

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from taojin.data.dataset import Clock, Dataset
from taojin.data.movielens import MovieLens, MovieLensOrder

Write = Callable[[Path], None]

RATINGS = [(1, 10, 5, 978300000), (1, 20, 3, 978300001), (2, 10, 4, 978300002)]


def csv_family(path: Path) -> None:
    ratings = "".join(f"{user},{film},{stars}.0,{time}\n" for user, film, stars, time in RATINGS)
    (path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + ratings)
    (path / "movies.csv").write_text(
        'movieId,title,genres\r\n10,"Misérables, Les (1995)",Drama|War\r\n20,"A ""B"", C",(no genres listed)\r\n'
    )
    (path / "links.csv").write_text("movieId,imdbId,tmdbId\n20,0000020,\n10,0000010,7\n")


def one_million(path: Path) -> None:
    (path / "ratings.dat").write_text("".join(f"{'::'.join(map(str, rating))}\n" for rating in RATINGS))
    described(path)


def one_million_in_order(path: Path) -> None:
    rows = "1,20,3,1\n1,10,5,0\n2,10,4,0\n"
    (path / "ratings.csv.gz").write_bytes(gzip.compress(b"user_id,movie_id,rating,position\n" + rows.encode()))
    described(path)
    extra = '10::Les::1995::PG::1 Jan 1995::Drama::Ann Lee::Bo (book)::Cy Dee, Eva Fay::A plot: "so"::N/A\r\n'
    (path / "movies_extrainfos.dat").write_text(extra)


def described(path: Path) -> None:
    films = '10::Misérables, Les (1995)::Drama|War\n20::A "B", C::\n'
    (path / "movies.dat").write_bytes(films.encode("latin-1"))
    (path / "users.dat").write_text("1::F::1::10::48067\n2::M::56::16::70072\n")


def ten_million(path: Path) -> None:
    (path / "ratings.dat").write_text("".join(f"{user}::{film}::{s}::{time}\n" for user, film, s, time in RATINGS))
    (path / "movies.dat").write_text('10::Misérables, Les (1995)::Drama|War\n20::A "B", C::(no genres listed)\n')


def hundred_thousand(path: Path) -> None:
    (path / "u.data").write_text("".join("\t".join(map(str, rating)) + "\n" for rating in RATINGS))
    films = '10|Misérables, Les (1995)|1-Jan-1995||x|0|1|0|1\n20|A "B", C||||1|0|0|0\n'
    (path / "u.item").write_bytes(films.encode("latin-1"))
    (path / "u.genre").write_text("unknown|0\nDrama|1\nComedy|2\nWar|3\n\n")
    (path / "u.user").write_text("1|17|F|student|48067\n2|60|M|artist|70072\n")


FORMATS = (csv_family, one_million, ten_million, hundred_thousand)


@pytest.mark.parametrize("write", FORMATS)
def test_every_format_gives_the_same_films_and_ratings(tmp_path: Path, write: Write) -> None:
    write(tmp_path)
    dataset = MovieLens(like_from=4).load(tmp_path)
    films = dataset.items.select(["item", "title", "year", "released", "genres"]).to_pylist()
    assert films == [
        {
            "item": "10",
            "title": "Les Misérables",
            "year": 1995,
            "released": 788_918_400_000,
            "genres": ["Drama", "War"],
        },
        {"item": "20", "title": 'A "B", C', "year": None, "released": None, "genres": []},
    ]
    assert dataset.users["user"].to_pylist() == ["1", "2"]
    assert dataset.log.events.kinds.tolist() == [3, 1, 3]
    assert dataset.log.events.value.tolist() == [5.0, 3.0, 4.0]
    assert dataset.log.events.time.tolist() == [time * 1000 for *_, time in RATINGS]
    assert dataset.clock is Clock.REAL


@pytest.mark.parametrize("write", [one_million, hundred_thousand])
def test_ages_become_brackets(tmp_path: Path, write: Write) -> None:
    write(tmp_path)
    assert MovieLens().load(tmp_path).users["age"].to_pylist() == ["Under 18", "56+"]


def test_links_and_people_stand_beside_the_films(tmp_path: Path) -> None:
    linked, ordered = tmp_path / "linked", tmp_path / "ordered"
    linked.mkdir()
    ordered.mkdir()
    csv_family(linked)
    one_million_in_order(ordered)
    links = MovieLens().load(linked).items.select(["imdb", "tmdb"]).to_pylist()
    assert links == [{"imdb": "0000010", "tmdb": "7"}, {"imdb": "0000020", "tmdb": None}]
    people = MovieLensOrder().load(ordered).items.select(["directors", "actors"]).to_pylist()
    assert people == [{"directors": ["Ann Lee"], "actors": ["Cy Dee", "Eva Fay"]}, {"directors": None, "actors": None}]


def test_positions_are_times_of_an_order(tmp_path: Path) -> None:
    one_million_in_order(tmp_path)
    dataset = MovieLensOrder().load(tmp_path)
    assert dataset.clock is Clock.ORDER
    assert dataset.log.events.time.tolist() == [0, 1, 0]
    assert [dataset.item_vocabulary.id(item) for item in dataset.log.events.item] == ["10", "20", "10"]
    assert dataset.users["occupation"].to_pylist() == ["K-12 student", "self-employed"]


@pytest.mark.parametrize("write", FORMATS)
def test_an_archive_alone_or_in_a_folder_is_read(tmp_path: Path, write: Write) -> None:
    inner, outer = tmp_path / "set", tmp_path / "outer"
    inner.mkdir()
    outer.mkdir()
    write(inner)
    with zipfile.ZipFile(outer / "set.zip", "w") as archive:
        for file in inner.iterdir():
            archive.write(file, f"set/{file.name}")
    for path in (inner, outer, outer / "set.zip"):
        assert len(MovieLens().load(path).log) == 3


def test_what_is_no_movielens_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no MovieLens files; .*ratings.csv, movies.csv.*; or u.data, u.item"):
        MovieLens().load(tmp_path)
    one_million_in_order(tmp_path)
    with pytest.raises(ValueError, match="1M with positions and no times, for MovieLensOrder"):
        MovieLens().load(tmp_path)
    with pytest.raises(ValueError, match="name the folder"):
        MovieLens().load(None)


def test_several_data_sets_in_one_folder_are_not_guessed_between(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        csv_family(tmp_path / name)
    with pytest.raises(ValueError, match=r"several data sets, .*; name one"):
        MovieLens().load(tmp_path)


def test_a_damaged_line_is_an_error(tmp_path: Path) -> None:
    one_million(tmp_path)
    with (tmp_path / "ratings.dat").open("a") as file:
        file.write("2::20::")
    with pytest.raises(ValueError, match=r"ratings.dat line 4, column 'time'.*wrong number of cells"):
        MovieLens().load(tmp_path)


DATA = os.environ.get("TAOJIN_DATA")
real = pytest.mark.skipif(DATA is None, reason="TAOJIN_DATA does not name a folder with the real data sets")


def load(name: str) -> Dataset:
    assert DATA is not None
    source = MovieLensOrder() if name == "ml-1m" else MovieLens()
    return source.load(Path(DATA) / name)


@real
@pytest.mark.parametrize(
    ("name", "users", "items", "silent", "events", "first", "last"),
    [
        ("ml-latest-small", 610, 9_742, 18, 100_836, 828_124_615_000, 1_537_799_250_000),
        ("ml-100k", 943, 1_682, 0, 100_000, 874_724_710_000, 893_286_638_000),
        ("ml-1m", 6_040, 3_883, 3_883 - 3_706, 1_000_209, 0, 2_313),
    ],
)
def test_real_data_has_its_official_counts(
    name: str, users: int, items: int, silent: int, events: int, first: int, last: int
) -> None:
    dataset = load(name)
    time = dataset.log.events.time
    assert (dataset.users.num_rows, dataset.items.num_rows, len(dataset.log)) == (users, items, events)
    assert (dataset.view(np.ones(events, np.bool_)).counts(dataset.kinds.all)[2:] == 0).sum() == silent
    assert (time.min(), time.max()) == (first, last)
    assert dataset.checked.refused.num_rows == 0
    assert dataset.items["title"].null_count == 0
    assert pc.any(pc.match_substring_regex(dataset.items["title"], r", (The|A|An)( \(|$)")).as_py() is False


@real
def test_real_ml_1m_has_its_stars_order_and_people() -> None:
    assert DATA is not None
    dataset = load("ml-1m")
    counts = np.bincount(dataset.log.events.value.astype(np.int64)).tolist()
    assert counts == [0, 56_174, 107_557, 261_197, 348_971, 226_310]
    length = np.diff(dataset.log.offsets)
    assert (dataset.log.events.time == np.arange(len(dataset.log)) - np.repeat(dataset.log.offsets[:-1], length)).all()
    assert dataset.items["directors"].null_count < 50
    assert dataset.users["occupation"].null_count == dataset.users["age"].null_count == 0
