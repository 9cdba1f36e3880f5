"""What the caller permits: attribute filters as one mask over the items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from taojin.core.units import Mask
from taojin.data.catalogue import Catalogue
from taojin.serving.problem import Problem, known

Word = str | int | float | bool


@dataclass(frozen=True)
class Filters:
    """Filters over the catalogue's columns.

    >>> import pyarrow as pa
    >>> items = pa.table({"genres": [["Crime"], ["Comedy", "Crime"], []], "year": [1995, 1972, 1995]})
    >>> filters = Filters(Catalogue(items))
    >>> filters.mask({"genres": ["Crime"], "year": [1995]}).nonzero()[0]
    array([2])
    """

    catalogue: Catalogue

    @cached_property
    def _words(self) -> dict[str, dict[str, Any]]:
        """Field -> the text of each value -> the value; filled as fields are asked for."""
        return {}

    def mask(self, only: Mapping[str, Sequence[Word]]) -> Mask | None:
        """Items that have one of the values in every field, bool[I]; None without a filter."""
        mask = None
        for field, values in only.items():
            known(field, self.catalogue.fields, "only")
            if not values:
                raise ValueError(Problem(f"only.{field}", "at least one value", "none", "leave the filter out"))
            having = self.catalogue.having(field, [self._value(field, value) for value in values])
            mask = having if mask is None else mask & having
        return mask

    def _value(self, field: str, value: Word) -> Any:
        """The column's own value for what was asked."""
        if field not in self._words:
            self._words[field] = {str(v): v for v in self.catalogue.values(field)}
        words = self._words[field]
        return words[known(str(value), words, f"only.{field}")]
