"""Specs: written, read, overridden; what is wrong is said with the remedy."""

import json
from dataclasses import dataclass
from enum import StrEnum

import pytest

from taojin.core.spec import decode, encode, override
from taojin.data.kinds import Kinds, Label
from taojin.features.feature import Category, Level
from taojin.scene import Cutoffs


def test_a_spec_is_the_same_after_writing_and_reading() -> None:
    spec = {
        "kinds": Kinds(("rate", "like"), (Label("like", "rate", at_least=3.5),)),
        "level": Level.REQUEST,
        "n": (1, None),
    }
    text = json.dumps(encode(spec), allow_nan=False)
    assert decode(json.loads(text)) == spec


def test_one_object_stays_one_object() -> None:
    shared = Category(5)
    a, b = decode(encode((shared, shared)))
    assert a is b


def test_classes_of_other_packages_are_refused() -> None:
    with pytest.raises(ValueError, match="only listed packages"):
        decode({"class": "os:system", "fields": {}})
    with pytest.raises(ValueError, match="neither a dataclass"):
        decode({"class": "taojin.core.spec:encode", "fields": {}})


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot store a set"):
        encode({1, 2})


def test_override_goes_through_dicts_tuples_and_specs() -> None:
    spec = {"a": (Cutoffs(), Cutoffs())}
    assert override(spec, "a.1.rank", "7")["a"][1].rank == 7
    assert override(spec, "a.1.rank", "7")["a"][0].rank == 60


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Sample:
    share: float = 0.5
    on: bool = False
    colour: Colour = Colour.RED
    sizes: tuple[int, ...] = (1,)
    name: str = "x"


def test_override_keeps_the_type() -> None:
    assert override(Sample(), "on", "true").on is True
    assert override(Sample(), "sizes", "[2, 3]").sizes == (2, 3)
    assert override(Sample(), "share", "1e-3").share == 0.001
    for path, text in (("share", "many"), ("on", "maybe"), ("colour", "blue"), ("sizes", "x y")):
        with pytest.raises(ValueError, match=f"--set {path}: expected"):
            override(Sample(), path, text)


def test_a_typo_is_answered_with_the_closest_name() -> None:
    with pytest.raises(ValueError, match="did you mean 'share'"):
        override(Sample(), "shre", "1")
    with pytest.raises(ValueError, match="no field"):
        override(Sample(), "name.length", "1")
