"""What the table of a ranking model begins with instead of chance.

Shapes: I items, C codes of a field, D vector size.
"""

from collections.abc import Mapping

import numpy as np

from taojin.core.batch import Candidates, Requests
from taojin.core.events import no_pasts
from taojin.core.hint import did_you_mean
from taojin.core.units import FIRST, Floats
from taojin.embeddings.embedding import Embedding
from taojin.features.feature import Ask, Category, Column, Level


def check_field(field: str, columns: Mapping[str, Column]) -> Category:
    """The form of a category of the items with one value, such as their id or their first genre; refuses others."""
    if field not in columns:
        raise ValueError(f"ranking: `vectors` names {field!r}, which is no feature; {did_you_mean(field, columns)}")
    fitting = {
        name: column.form
        for name, column in columns.items()
        if isinstance(column.form, Category) and column.form.values == 1 and column.level == Level.CANDIDATE
    }
    if field not in fitting:
        there = ", ".join(map(repr, fitting)) or "there is none"
        raise ValueError(
            f"ranking: `vectors` begins categories of items that have one value; expected one of them ({there}), "
            f"got {field!r}"
        )
    return fitting[field]


def vectors_of_codes(field: str, columns: Mapping[str, Column], embedding: Embedding) -> Floats:
    """The mean vector of the items that have each code of a field, float32[C, D]; zeros where no item has one.

    field   see `check_field`
    """
    form = check_field(field, columns)
    item = np.flatnonzero(embedding.known)
    one = np.zeros(1, np.int64)
    requests = Requests(one, one, one, one.astype(np.uint64), no_pasts(1))
    asked = Ask(requests, Candidates.of(np.array([0, len(item)]), item), columns)
    code = asked.value(field).reshape(len(item)).astype(np.int64)
    total = np.zeros((form.size, embedding.vectors.shape[1]), np.float32)
    np.add.at(total, code, embedding.vectors[item])
    count = np.bincount(code, minlength=form.size)[:, None]
    found: Floats = np.divide(total, count, out=np.zeros_like(total), where=count > 0).astype(np.float32)
    # What is missing or was not met in training has no vector of its own.
    found[:FIRST] = 0
    return found
