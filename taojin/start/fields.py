"""Every spec that a recipe may hold, with its fields: read from the classes and their docstrings."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from types import ModuleType
from typing import Any

import taojin
from taojin.core.hint import did_you_mean

DOES = ("fit", "build", "assign", "load", "rerank", "make", "label", "read", "draw")
"""What a spec can do, one of them; what holds arrays has been fitted already."""
FITTED = re.compile(r"NDArray|Ints|Floats|Mask|Doubles|Tensor|pa\.Table|ndarray")
ALSO = (
    *("Experiment", "Scene", "Cutoffs", "Sampling", "Training", "Objective", "Label", "Format", "TableFile", "Known"),
    *("Distilled", "Boosting", "ReciprocalRank", "Snake", "Auto", "Negatives", "NextItem", "Masked", "HoldOut"),
    *(f"taojin.features.feature:{form}" for form in ("Number", "Category", "History")),
    *("Softmax", "BinaryCrossEntropy", "GBCE", "taojin.embeddings.towers.losses:BPR"),
)
"""Settings that do nothing themselves, by class, or by module and class."""
INNER = (
    *("Folder", "Kinds", "Crossed", "PastNumber", "Store", "Hidden", "PlaceCode", "QueryVectors", "RequestReader"),
    *("Owners", "Beside", "Own", "Product", "taojin.features.encode:Scale", "taojin.features.encode:Words"),
)
"""What looks like a spec and stands in none."""
OURS = ("needs_clock", "level", "form")
"""Fields that say what a part is, and are not for its user to set."""
HEADS = {
    "taojin.scene": "The experiment",
    "taojin.data": "Data: sources, columns, splits, tasks, sampling",
    "taojin.world": "The generated world",
    "taojin.features": "Features",
    "taojin.embeddings": "Embeddings",
    "taojin.retrieval": "Channels, merging, indexes",
    "taojin.rules": "Rules",
    "taojin.preranking": "Pre-ranking",
    "taojin.ranking": "Rankers and their parts",
    "taojin.nn": "Training",
    "taojin.reranking": "Re-ranking",
    "taojin.recipes": "A recipe for one's own files",
}
"""Package -> what its specs are, in the order of a recipe."""


@dataclass(frozen=True)
class Field:
    """One field of a spec.

    default     as it is written; empty where it has to be given
    meaning     what the docstring says of it; empty where its name says all
    """

    name: str
    type: str
    default: str
    meaning: str


@dataclass(frozen=True)
class Spec:
    """A class that stands in recipes.

    about   its docstring without what it says of fields
    """

    name: str
    module: str
    about: str
    fields: tuple[Field, ...]


def specs() -> dict[str, list[Spec]]:
    """All of them, by head of the section."""
    found: dict[str, list[Spec]] = {head: [] for head in HEADS.values()}
    for module in _modules():
        head = next((HEADS[package] for package in HEADS if (module.__name__ + ".").startswith(package + ".")), None)
        if head is not None:
            found[head] += [_spec(cls) for cls in _classes(module)]
    return {head: sorted(some, key=lambda spec: (spec.module, spec.name)) for head, some in found.items() if some}


def find(name: str) -> list[Spec]:
    """The specs of a class name, of which there may be several; an unknown one raises a `ValueError`."""
    every = [spec for some in specs().values() for spec in some]
    meant = [spec for spec in every if spec.name == name]
    if not meant:
        raise ValueError(f"spec {name!r}: {did_you_mean(name, [spec.name for spec in every])}")
    return meant


def as_text(spec: Spec) -> str:
    """For the terminal."""
    lines = [f"{spec.name}, from {spec.module}", "", spec.about, ""]
    width = max((len(field.name) for field in spec.fields), default=0)
    for field in spec.fields:
        given = f" = {field.default}" if field.default else ""
        lines.append(f"  {field.name:<{width}}  {field.type}{given}")
        if field.meaning:
            lines.append(f"  {'':<{width}}  {field.meaning}")
    return "\n".join(lines).rstrip()


def as_markdown() -> str:
    """All of them as a page."""
    parts = [TITLE]
    for head, some in specs().items():
        parts.append(f"## {head}\n")
        parts += [_section(spec) for spec in some]
    return "\n".join(parts)


TITLE = (
    "# Every field of a recipe\n\n"
    "Made by `taojin fields --markdown > docs/fields.md` from the classes themselves; `taojin fields Swing` prints "
    "one. What has no default has to be given. [recipes.md](recipes.md) shows how a recipe is put together.\n"
)


def _section(spec: Spec) -> str:
    about = re.sub(r"\s+", " ", spec.about)
    lines = [f"### {spec.name}\n", f"`{spec.module}`. {about}\n"]
    if spec.fields:
        lines += ["| field | type | default | |", "|---|---|---|---|"]
        for field in spec.fields:
            cells = (f"`{field.name}`", f"`{field.type}`", f"`{field.default}`" if field.default else "", field.meaning)
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        lines.append("")
    return "\n".join(lines)


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(taojin.__path__, "taojin."):
        if not found.ispkg and found.name.startswith(tuple(HEADS)):
            yield importlib.import_module(found.name)


def _classes(module: ModuleType) -> Iterator[type]:
    """The specs that a module defines."""
    for name, cls in vars(module).items():
        if not (inspect.isclass(cls) and cls.__module__ == module.__name__ and not name.startswith("_")):
            continue
        if not dataclasses.is_dataclass(cls) or issubclass(cls, Enum):
            continue
        fields = [field for field in dataclasses.fields(cls) if field.init]
        if any(FITTED.search(_type(field.type)) for field in fields):
            continue
        full = f"{module.__name__}:{name}"
        if name in INNER or full in INNER:
            continue
        if name in ALSO or full in ALSO or any(callable(getattr(cls, does, None)) for does in DOES):
            yield cls


def _spec(cls: type) -> Spec:
    named = [field.name for field in dataclasses.fields(cls)]
    about, meanings = split_docstring(inspect.getdoc(cls) or "", named)
    hints = typing.get_type_hints(cls, include_extras=False)
    fields = tuple(
        Field(field.name, _shown(hints.get(field.name, field.type)), _default(field), meanings.get(field.name, ""))
        for field in dataclasses.fields(cls)
        if field.init and field.name not in OURS and not (field.name == "embeddings" and field.default == ())
    )
    return Spec(cls.__name__, cls.__module__, about, fields)


def split_docstring(text: str, fields: Collection[str]) -> tuple[str, dict[str, str]]:
    r"""What a docstring says of the whole, and what of each field; examples are left out.

    fields      names; a line that begins with some of them after an empty line, or after another such line, is theirs

    >>> split_docstring("Width is all.\n\nwidth   of it,\n        in metres\n", ["width"])
    ('Width is all.', {'width': 'of it, in metres'})
    """
    text = re.split(r"^>>> ", text, maxsplit=1, flags=re.MULTILINE)[0].strip()
    about, meanings, names = list[str](), dict[str, str](), list[str]()
    for line in text.splitlines():
        start = re.match(r"^(\w+(?:, \w+)*) +(\S.*)$", line)
        if start is not None and set(start[1].split(", ")) <= set(fields) and (names or not about or not about[-1]):
            names = start[1].split(", ")
            meanings |= dict.fromkeys(names, start[2])
        elif names and line.startswith("  "):
            meanings |= {name: f"{meanings[name]} {line.strip()}" for name in names}
        else:
            names = []
            about.append(line)
    return re.sub(r"\n{2,}", "\n\n", "\n".join(about)).strip(), meanings


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return _written(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return _written(field.default_factory())
    return ""


def _written(value: object) -> str:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = [
            f"{field.name}={_written(getattr(value, field.name))}"
            for field in dataclasses.fields(value)
            if field.init and getattr(value, field.name) != _plain_default(field)
        ]
        return f"{type(value).__name__}({', '.join(changed)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(_written, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def _plain_default(field: dataclasses.Field[Any]) -> object:
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default


def _type(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else _shown(annotation)


def _shown(annotation: object) -> str:
    """A type as a reader says it."""
    text = annotation.__name__ if isinstance(annotation, type) and not typing.get_args(annotation) else str(annotation)
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", text).replace("NoneType", "None")
