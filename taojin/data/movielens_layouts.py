"""The file formats of MovieLens: which files each has, and how they become users, items and events."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.data.columns import Id, Number, Text, Time, Whole, Words
from taojin.data.delimited import Format
from taojin.data.files import TableFile
from taojin.data.folder import Folder
from taojin.data.raw import Raw
from taojin.data.titles import parse, released

Tables = tuple[Raw | None, Raw, Raw]
"""Users, where the format describes them, items and events."""


class Layout(NamedTuple):
    """A format: the spec that reads it, the files by which it is known, and how they are read."""

    name: str
    source: str
    needs: tuple[str, ...]
    read: Callable[[Folder], Tables]


_RATE = {"event": "rate"}
_AGES = ("Under 18", "18-24", "25-34", "35-44", "45-49", "50-55", "56+")
_OCCUPATIONS = (
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
)
"""By the codes of the 1M read-me."""


def _plain(delimiter: str, header: str, encoding: str = "utf-8", missing: tuple[str, ...] = ("",)) -> Format:
    return Format(delimiter=delimiter, quote="", encoding=encoding, missing=missing, header=tuple(header.split()))


def _read_csv(folder: Folder) -> Tables:
    films = TableFile(
        "movies.csv",
        {"item": Id("movieId"), "title": Text("title"), "genres": Words("genres")},
        format=Format(missing=("", "(no genres listed)")),
    )
    ratings = TableFile(
        "ratings.csv",
        {"user": Id("userId"), "item": Id("movieId"), "value": Number("rating"), "time": Time("timestamp")},
        _RATE,
    )
    items = _films(films.read(folder, "items"))
    if "links.csv" in folder:
        links = TableFile("links.csv", {"item": Id("movieId"), "imdb": Text("imdbId"), "tmdb": Text("tmdbId")})
        items = _with(items, links.read(folder, "items").table)
    return None, items, ratings.read(folder, "events")


def _read_dat(folder: Folder) -> Tables:
    ratings = TableFile(
        "ratings.dat",
        {"user": Id("user"), "item": Id("item"), "value": Number("rating"), "time": Time("time")},
        _RATE,
        _plain("::", "user item rating time"),
    )
    return *_described(folder), ratings.read(folder, "events")


def _read_order(folder: Folder) -> Tables:
    ratings = TableFile(
        "ratings.csv",
        {"user": Id("user_id"), "item": Id("movie_id"), "value": Number("rating"), "time": Whole("position")},
        _RATE,
    )
    return *_described(folder), ratings.read(folder, "events")


def _described(folder: Folder) -> tuple[Raw | None, Raw]:
    """Users and films of 1M and 10M; 10M has no users, and writes UTF-8 where 1M writes Latin-1."""
    encoding = "latin-1" if "users.dat" in folder else "utf-8"
    films = TableFile(
        "movies.dat",
        {"item": Id("item"), "title": Text("title"), "genres": Words("genres")},
        format=_plain("::", "item title genres", encoding, missing=("", "(no genres listed)")),
    )
    items = _films(films.read(folder, "items"))
    if "movies_extrainfos.dat" in folder:
        header = "item title year certificate released genres directors writers actors plot poster"
        people = TableFile(
            "movies_extrainfos.dat",
            {"item": Id("item"), "directors": Words("directors", ","), "actors": Words("actors", ",")},
            format=_plain("::", header, missing=("", "N/A")),
        )
        items = _with(items, people.read(folder, "items").table)
    if "users.dat" not in folder:
        return None, items
    users = TableFile(
        "users.dat",
        {"user": Id("user"), "gender": Text("gender"), "age": Whole("age"), "occupation": Whole("occupation")},
        format=_plain("::", "user gender age occupation zip"),
    ).read(folder, "users")
    names = pa.array(_OCCUPATIONS).take(users.table["occupation"].combine_chunks())
    return _with_brackets(users.with_column("occupation", names)), items


def _read_100k(folder: Folder) -> Tables:
    ratings = TableFile(
        "u.data",
        {"user": Id("user"), "item": Id("item"), "value": Number("rating"), "time": Time("time")},
        _RATE,
        _plain("\t", "user item rating time"),
    )
    users = TableFile(
        "u.user",
        {"user": Id("user"), "gender": Text("gender"), "age": Whole("age"), "occupation": Text("occupation")},
        format=_plain("|", "user age gender occupation zip"),
    )
    genres = TableFile("u.genre", {"genre": Text("genre")}, format=_plain("|", "genre place")).read(folder, "items")
    names = genres.table["genre"].to_pylist()
    films = TableFile(
        "u.item",
        {"item": Id("item"), "title": Text("title"), **{f"is {name}": Whole(f"is {name}") for name in names}},
        format=Format(
            delimiter="|",
            quote="",
            encoding="latin-1",
            header=("item", "title", "date", "video", "address", *(f"is {name}" for name in names)),
        ),
    ).read(folder, "items")
    return (
        _with_brackets(users.read(folder, "users")),
        _films(_with_list(films, names)),
        ratings.read(folder, "events"),
    )


def _with_list(films: Raw, genres: list[str]) -> Raw:
    """Films with the list of their genres in place of a flag for each; `unknown` is no genre."""
    flags = np.column_stack([films.table[f"is {genre}"].to_numpy() for genre in genres])
    flags[:, [genre == "unknown" for genre in genres]] = 0
    offsets = np.concatenate(([0], np.cumsum(flags.sum(axis=1)))).astype(np.int32)
    names = pa.array(genres).take(pa.array(np.nonzero(flags)[1]))
    table = films.table.select(["item", "title"])
    return replace(films, table=table.append_column("genres", pa.ListArray.from_arrays(pa.array(offsets), names)))


def _films(films: Raw) -> Raw:
    """Films with title and year apart; one without genres has an empty list of them."""
    titles = parse(films.table["title"])
    genres = films.table["genres"].combine_chunks()
    offsets = np.concatenate(([0], np.cumsum(pc.fill_null(pc.list_value_length(genres), 0))))
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pc.list_flatten(genres))
    columns = [films.table["item"], titles.title, titles.year, released(titles.year), lists]
    return replace(films, table=pa.table(columns, names=["item", "title", "year", "released", "genres"]))


def _with_brackets(users: Raw) -> Raw:
    """Users with the bracket of their age in years."""
    bracket = np.searchsorted([18, 25, 35, 45, 50, 56], users.table["age"].to_numpy(), side="right")
    return users.with_column("age", pa.array(_AGES).take(pa.array(bracket)))


def _with(items: Raw, other: pa.Table) -> Raw:
    """Items with the columns of another table of items, null where it does not have them."""
    row = pc.index_in(items.table["item"], other["item"].combine_chunks())
    for column in other.column_names[1:]:
        items = items.with_column(column, other[column].take(row))
    return items


LAYOUTS = (
    Layout("the CSV family, latest-small to 32M", "MovieLens", ("ratings.csv", "movies.csv"), _read_csv),
    Layout("1M or 10M", "MovieLens", ("ratings.dat", "movies.dat"), _read_dat),
    Layout("100k", "MovieLens", ("u.data", "u.item", "u.user", "u.genre"), _read_100k),
)
ORDER = Layout(
    "1M with positions and no times", "MovieLensOrder", ("ratings.csv", "movies.dat", "users.dat"), _read_order
)
