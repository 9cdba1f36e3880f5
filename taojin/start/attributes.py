"""What is known of users and items: which columns are words, lists, numbers, dates, text or the title."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taojin.data.columns import Time
from taojin.start.keys import Told, how
from taojin.start.profile import Profile, words_of

TITLES = ("title", "name", "description", "label", "caption", "headline")
TEXTS = ("title", "name", "description", "plot", "summary", "text", "overview", "abstract", "caption", "content")
CODES = (
    "category", "categories", "cat", "type", "class", "kind", "code", "zip", "zipcode", "postcode", "genre", "brand",
    "group", "segment", "cluster", "department", "dept", "aisle", "region", "country", "city", "gender", "occupation",
)  # fmt: skip
"""Last words of the name of a column whose whole numbers are codes and no amounts."""
PRICES = ("price", "cost", "amount", "fee")
RELEASED = ("release", "released", "upload", "publish", "published", "created", "launch", "available", "date", "dt")
CONSTANT = 0.9
"""Share of the users (items) whose rows agree, from which on a column of the log is a fact about them."""
WORDS = 0.5
"""Of the rows: a column with more different words is no category, unless it is an id of something else."""
FEW = 12
"""A number with no more different values is a category."""
SPARSE = 0.02
"""Share of the rows, below which a column is as good as empty."""
SHORT, LONG = 8, 30
"""Letters of a cell, from which on different words may be text, and are."""
RESERVED = ("user", "item", "time", "event", "value", "part")
MOST = 16
"""So many columns of a table are read, the fullest first, titles and prices always."""

Kind = Literal["title", "text", "words", "list", "number", "price", "date", "category"]


@dataclass(frozen=True)
class Attribute:
    """A column of the users or items.

    name        what the recipe calls it
    separator   between the words of a list
    """

    name: str
    column: str
    kind: Kind
    separator: str = ""
    moments: Time | None = None


def find_attributes(columns: Mapping[str, Profile], taken: set[str]) -> tuple[list[Attribute], list[Told]]:
    """The columns that say something, and by what each was told; the others with the reason too."""
    rest = {name: column for name, column in columns.items() if name not in taken}
    found: list[Attribute] = []
    told: list[Told] = []
    titled = False
    for name, column in rest.items():
        attribute, reason = _attribute(name, column, titled)
        if attribute is None:
            told.append(Told("-", name, reason))
            continue
        titled |= attribute.kind == "title"
        used = {*RESERVED, *(one.name for one in found)}
        called = attribute.name
        while called in used:
            called += "_"
        found.append(replace(attribute, name=called))
        told.append(Told(attribute.kind, name, reason))
    if len(found) > MOST:
        keep = sorted(found, key=lambda one: (one.kind not in ("title", "price"), -rest[one.column].filled))[:MOST]
        dropped = [one for one in found if one not in keep]
        told += [Told("-", one.column, f"left out: {MOST} columns are enough to begin with") for one in dropped]
        told = [one for one in told if one.what == "-" or one.column not in {drop.column for drop in dropped}]
        found = [one for one in found if one in keep]
    return found, told


def facts_in_log(sample: pa.Table, id_column: str, others: list[str]) -> list[str]:
    """Columns of a log that say the same in (almost) all rows of a user or an item.

    >>> log = pa.table({"sku": [1, 1, 2, 2], "name": ["a", "a", "b", "b"], "n": [1, 2, 3, 4]})
    >>> facts_in_log(log, "sku", ["name", "n"])
    ['name']
    """
    found = []
    for name in others:
        both = pa.table({"id": sample[id_column], "value": sample[name].cast(pa.string())}).drop_null()
        each = both.group_by("id").aggregate([("value", "count_distinct"), ("value", "count")])
        several = np.asarray(each["value_count"]) > 1
        if (several.sum() < 20 and len(several) > 20) or not len(several):
            continue
        agree = np.asarray(each["value_count_distinct"])[several] == 1 if several.any() else np.array([False])
        if agree.mean() >= CONSTANT:
            found.append(name)
    return found


def identifier(name: str) -> str:
    """A column's name as the recipe writes it.

    >>> identifier("Unit Price (GBP)"), identifier("StockCode"), identifier("2nd")
    ('unit_price_gbp', 'stock_code', 'column_2nd')
    """
    joined = "_".join(words_of(name)) or "column"
    return joined if joined[0].isalpha() else f"column_{joined}"


def useless(column: Profile) -> str | None:
    """Why a column says nothing; None where it does."""
    if not len(column.there):
        return "empty"
    if column.distinct == 1:
        return f"the same in every row, {column.values[0]!r}"
    if column.filled < SPARSE:
        return f"empty in {1 - column.filled:.0%} of the rows"
    if pc.any(pc.match_substring_regex(column.there.slice(0, 100), r"^https?://")).as_py():
        return "addresses of pages or pictures"
    return None


def _attribute(name: str, column: Profile, titled: bool) -> tuple[Attribute | None, str]:
    called, nothing = identifier(name), useless(column)
    if nothing is not None:
        return None, nothing
    if column.moments is not None and (column.numbers is None or column.any_of(RELEASED)):
        shown = f"{column.values[0]!r} is {how(column.moments)}"
        return Attribute(called, name, "date", moments=column.moments), shown
    if column.numbers is not None and not column.flag and "id" not in column.words:
        if _coded(column):
            return Attribute(called, name, "category"), f"{column.distinct} different numbers, codes by its name"
        price = column.any_of(PRICES)
        if price or column.distinct > FEW:
            low, high = column.numbers.min(), column.numbers.max()
            return Attribute(called, name, "price" if price else "number"), f"numbers from {low:g} to {high:g}"
        return Attribute(called, name, "category"), f"{column.distinct} different numbers"
    if column.separator is not None:
        example = next((value for value in column.values if column.separator in value), column.values[0])
        shown = f"words between {column.separator!r}, such as {example[:60]!r}"
        return Attribute(called, name, "list", column.separator), shown
    return _words(name, column, titled)


def _coded(column: Profile) -> bool:
    """Whether its numbers are codes: few different whole ones, under a name that ends so.

    >>> _coded(Profile("i_category", pa.chunked_array([["21", "0", "21", "0"]])))
    True
    """
    last = [word.rstrip("0123456789") for word in words_of(column.name)]
    named = next((word for word in reversed(last) if word), "") in CODES
    return named and column.whole and column.distinct <= WORDS * len(column.there)


def _words(name: str, column: Profile, titled: bool) -> tuple[Attribute | None, str]:
    called, many = identifier(name), column.distinct > WORDS * len(column.there)
    if not titled and ("title" in column.words or (many and (column.any_of(TITLES) or column.nameless))):
        return Attribute("title", name, "title"), "named so"
    if column.numbers is None and many and column.length >= SHORT:
        if column.any_of(TEXTS) or column.length >= LONG:
            return Attribute(called, name, "text"), f"text of {column.length:.0f} letters"
        return None, "different in most rows, and no text"
    if column.distinct == len(column.there):
        return None, "different in every row"
    return Attribute(called, name, "category"), f"{column.distinct:,} different values, such as {column.values[0]!r}"
