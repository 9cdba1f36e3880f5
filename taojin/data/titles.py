"""Film titles as MovieLens writes them: "Matrix, The (1999)" -> "The Matrix" and 1999."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_ARTICLES = "The|A|An|Das|Der|Die|Det|El|Los|Las|Il|Lo|Gli|La|Le|Les|Un|Una|Une"
_YEAR = r"^(?P<title>.*?)\s*\((?P<year>[12]\d{3})(?:[-–]\d{0,4})?\)\s*(?:\((?:V|TV)\)\s*)?$"


class Titles(NamedTuple):
    """Title without the year, and the year, null where the text names none."""

    title: pa.Array
    year: pa.Array


def parse(texts: pa.ChunkedArray) -> Titles:
    """Split off the year and move the article to the front, that of a title in brackets too.

    >>> texts = ["Enfer, L' (1994)", "Promise, The (Promesse, La) (1996)", "Paris, Texas (1984)"]
    >>> titles = parse(pa.chunked_array([texts]))
    >>> titles.title.to_pylist(), titles.year.to_pylist()
    (["L'Enfer", 'The Promise (La Promesse)', 'Paris, Texas'], [1994, 1996, 1984])
    """
    texts = texts.combine_chunks()
    found = pc.extract_regex(texts, _YEAR)
    title = pc.coalesce(pc.struct_field(found, "title"), pc.utf8_trim_whitespace(texts))
    for pattern, ordered in (
        (rf"^([^(]*), ({_ARTICLES})(\s*\(.*)?$", r"\2 \1\3"),
        (r"^([^(]*), (L')(\s*\(.*)?$", r"\2\1\3"),
        (rf"\(([^()]*), ({_ARTICLES})\s*\)", r"(\2 \1)"),
        (r"\(([^()]*), (L')\s*\)", r"(\2\1)"),
        (r"\s+\)", ")"),
    ):
        title = pc.replace_substring_regex(title, pattern, ordered)
    return Titles(title, pc.struct_field(found, "year").cast(pa.int64()))


def released(year: pa.Array) -> pa.Array:
    """1 January of a year in milliseconds since 1970-01-01 UTC, int64; null where the year is."""
    known = pc.fill_null(year, 1970).to_numpy(zero_copy_only=False)
    start = (known - 1970).astype("datetime64[Y]").astype("datetime64[ms]").astype(np.int64)
    return pc.if_else(pc.is_valid(year), pa.array(start), None)
