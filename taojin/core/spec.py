"""Print, store, rebuild and override frozen specs.

A spec is a frozen dataclass whose fields are numbers, strings, enums, tuples, dicts with string keys and other specs.
`encode` writes one as plain JSON data, `decode` builds it again by calling its class; both take a hook for the values
that JSON does not have (arrays and bytes of a fitted part).
"""

import dataclasses
import importlib
import json
import math
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from taojin.core.hint import did_you_mean

Json = Any
"""What json.dumps writes."""


def encode(value: Any, leaf: Callable[[Any], Json] | None = None) -> Json:
    """Plain JSON data; an object that occurs twice is written once and referred to, so that it stays one object.

    leaf    writes what is neither JSON nor a dataclass; without it such a value is an error
    """
    return _Encoder(leaf).write(value)


class _Encoder:
    def __init__(self, leaf: Callable[[Any], Json] | None):
        self.leaf = leaf
        self.number: dict[int, int] = {}
        self.alive: list[Any] = []  # ids stay unique only as long as the objects live

    def write(self, value: Any) -> Json:
        match value:
            case Enum():
                return {"enum": name_of(type(value)), "value": value.value}
            case None | bool() | int() | str():
                return value
            case float():
                return value if math.isfinite(value) else {"float": repr(value)}
            case tuple() | list():
                return [self.write(part) for part in value]
            case Mapping():
                return {"dict": {key: self.write(part) for key, part in value.items()}}
            case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
                return self._object(value)
            case _ if self.leaf is not None:
                return self.leaf(value)
            case _:
                raise ValueError(f"spec: cannot store a {type(value).__name__}; use numbers, strings, tuples and specs")

    def _object(self, value: Any) -> Json:
        if id(value) in self.number:
            return {"same": self.number[id(value)]}
        fields = {
            f.name: self.write(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init and f.name[0] != "_"
        }
        self.number[id(value)] = len(self.number)
        self.alive.append(value)
        return {"class": name_of(type(value)), "fields": fields}


def decode(data: Json, leaf: Callable[[Json], Any] | None = None, packages: tuple[str, ...] = ("taojin",)) -> Any:
    """Build again what `encode` wrote; classes come from the listed packages only.

    leaf    reads the dicts that the encoder's `leaf` wrote
    """
    return _Decoder(leaf, packages).read(data)


class _Decoder:
    def __init__(self, leaf: Callable[[Json], Any] | None, packages: tuple[str, ...]):
        self.leaf, self.packages = leaf, packages
        self.objects: list[Any] = []

    def read(self, data: Json) -> Any:
        match data:
            case list():
                return tuple(self.read(part) for part in data)
            case {"dict": parts}:
                return {key: self.read(part) for key, part in parts.items()}
            case {"enum": name, "value": value}:
                return self._class(name)(value)
            case {"float": text}:
                return float(text)
            case {"same": number}:
                return self.objects[number]
            case {"class": name, "fields": fields}:
                value = self._class(name)(**{key: self.read(part) for key, part in fields.items()})
                self.objects.append(value)
                return value
            case dict() if self.leaf is not None:
                return self.leaf(data)
            case dict():
                raise ValueError(f"spec: expected a class, an enum or a dict, got keys {', '.join(data)}")
            case _:
                return data

    def _class(self, name: str) -> Any:
        module, _, qualified = name.partition(":")
        if module.split(".")[0] not in self.packages:
            raise ValueError(
                f"spec: class {name!r} is not of {', '.join(self.packages)}; only listed packages are loaded"
            )
        value: Any = importlib.import_module(module)
        for part in qualified.split("."):
            value = getattr(value, part)
        if not (isinstance(value, type) and (dataclasses.is_dataclass(value) or issubclass(value, Enum))):
            raise ValueError(f"spec: {name!r} is neither a dataclass nor an enum")
        return value


def name_of(cls: type) -> str:
    """`module:Class`, the name under which a class is stored."""
    return f"{cls.__module__}:{cls.__qualname__}"


def override(spec: Any, path: str, text: str) -> Any:
    """The spec with one field changed to a value of the same type.

    path    names and dict keys with dots: `models.din.dim`; places of tuples are numbers from 0
    text    the value as written on a command line

    >>> from taojin.data.kinds import Label
    >>> override(Label("like", "rate", at_least=3.5), "at_least", "4").at_least
    4.0
    """
    return _set(spec, path.split("."), text, path)


def _set(spec: Any, names: list[str], text: str, path: str) -> Any:
    if not names:
        return _parse(spec, text, path)
    name, rest = names[0], names[1:]
    if dataclasses.is_dataclass(spec) and not isinstance(spec, type):
        _known(name, [f.name for f in dataclasses.fields(spec) if f.init], path)
        return dataclasses.replace(spec, **{name: _set(getattr(spec, name), rest, text, path)})
    if isinstance(spec, dict):
        _known(name, list(spec), path)
        return {**spec, name: _set(spec[name], rest, text, path)}
    if isinstance(spec, tuple):
        # Parts of a tuple go by their place, or by their name where they have one.
        names_of_parts = [str(getattr(part, "name", place)) for place, part in enumerate(spec)]
        places = [str(place) for place in range(len(spec))]
        _known(name, [*places, *names_of_parts], path)
        place = int(name) if name in places else names_of_parts.index(name)
        return (*spec[:place], _set(spec[place], rest, text, path), *spec[place + 1 :])
    raise ValueError(f"--set {path}: a {type(spec).__name__} has no field {name!r}")


def _known(name: str, names: list[str], path: str) -> None:
    if name not in names:
        raise ValueError(f"--set {path}: no field {name!r}; {did_you_mean(name, tuple(dict.fromkeys(names)))}")


def _parse(old: Any, text: str, path: str) -> Any:
    wanted = type(old).__name__
    try:
        match old:
            case Enum():
                return type(old)(text)
            case bool():
                return {"true": True, "false": False}[text.lower()]
            case int():
                return int(text)
            case float():
                return float(text)
            case str():
                return text
            case None:
                return json.loads(text)
            case tuple():
                value = json.loads(text if text.startswith("[") else f"[{text}]")
                return tuple(value)
    except (ValueError, KeyError):
        raise ValueError(f"--set {path}: expected a value like {old!r} ({wanted}), got {text!r}") from None
    raise ValueError(f"--set {path}: is a {wanted}; name one of its fields")
