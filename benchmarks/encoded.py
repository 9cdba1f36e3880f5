"""Labelled rows that are encoded once for all sides of a comparison. NumPy only: peers' environments import it too.

Shapes: N rows, L history length, V values of a set.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class EncodedRows:
    """One row per rating or view; codes below 2 are for padding and unknown, as in the package.

    columns     name -> int32[N], [N, V] for sets (padding on the right) and [N, L] for histories (on the left); the
                history of a category NAME is `history_NAME`, in the same codes
    sizes       name -> number of codes
    labels      target -> float32[N], 0 or 1
    part        uint8[N]: 0 training, 1 validation, 2 test
    request     names of what belongs to the user or the moment; the rest belongs to the item
    singles     categories of one value
    sets        categories of several values
    history     the categories whose histories there are
    """

    columns: dict[str, Codes]
    sizes: dict[str, int]
    labels: dict[str, NDArray[np.float32]]
    part: NDArray[np.uint8]
    request: tuple[str, ...]
    singles: tuple[str, ...]
    sets: tuple[str, ...]
    history: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.part)

    @property
    def length(self) -> int:
        """Places of a history."""
        return self.columns[f"history_{self.history[0]}"].shape[1]

    def shortened(self, length: int) -> "EncodedRows":
        """With the newest `length` places of the histories."""
        cut = {f"history_{name}": self.columns[f"history_{name}"][:, -length:] for name in self.history}
        return replace(self, columns=self.columns | cut)

    def names(self, *, sequence: bool) -> tuple[str, ...]:
        """What a model reads besides the history: with one the single values, otherwise the sets as well."""
        return self.singles if sequence else (*self.singles, *self.sets)

    def known(self) -> Codes:
        """Known places of each row's history, int32[N]."""
        return (self.columns[f"history_{self.history[0]}"] > 0).sum(1).astype(np.int32)

    def on_the_right(self, name: str) -> Codes:
        """A history with its padding on the right, as peers want it."""
        values, known = self.columns[f"history_{name}"], self.known()
        place = np.arange(self.length) + (self.length - known)[:, None]
        left = np.take_along_axis(values, np.minimum(place, self.length - 1), axis=1)
        return np.where(place < self.length, left, 0).astype(np.int32)

    def narrowed(self, columns: int) -> "EncodedRows":
        """The same with so many columns of the history."""
        left = {f"history_{name}" for name in self.history[columns:]}
        kept = {name: values for name, values in self.columns.items() if name not in left}
        return replace(self, columns=kept, history=self.history[:columns])

    def fingerprint(self, settings: object) -> str:
        """A name for these rows and settings, which are JSON, in twelve letters: others have another."""
        content = hashlib.sha256(json.dumps(settings).encode())
        for name, values in sorted((self.columns | self.labels | {"part": self.part}).items()):
            content.update(name.encode() + values.tobytes())
        return content.hexdigest()[:12]

    def save(self, path: Path) -> None:
        """Write them where the sides read them."""
        columns = {f"column.{name}": values for name, values in self.columns.items()}
        labels = {f"label.{name}": values for name, values in self.labels.items()}
        names = {field: asdict(self)[field] for field in ("sizes", "request", "singles", "sets", "history")}
        np.savez(path, part=self.part, names=np.array(json.dumps(names)), **columns, **labels)

    @classmethod
    def load(cls, path: Path | str) -> "EncodedRows":
        """The rows of a file."""
        with np.load(path) as file:
            arrays = dict(file)
        names = json.loads(str(arrays.pop("names")))

        def named(kind: str) -> dict[str, np.ndarray]:
            return {name.removeprefix(kind): values for name, values in arrays.items() if name.startswith(kind)}

        sizes = names.pop("sizes")
        lists = {field: tuple(values) for field, values in names.items()}
        return cls(named("column."), sizes, named("label."), arrays["part"], **lists)
