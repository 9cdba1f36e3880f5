"""What the columns of a catalogue are taken for: codes, lists in brackets."""

import pyarrow as pa
import pytest

from taojin.data.columns import Words
from taojin.start.attributes import find_attributes
from taojin.start.profile import Profile


def kind(name: str, cells: list[str]) -> str:
    (attribute,), _ = find_attributes({name: Profile(name, pa.chunked_array([cells]))}, set())
    return attribute.kind


NUMBERS = [str(n % 40) for n in range(200)]


@pytest.mark.parametrize("name", ["i_category", "category_id", "itemType", "class", "goods_code", "zip", "category_2"])
def test_whole_numbers_that_are_codes_by_their_name_are_a_category(name: str) -> None:
    assert kind(name, NUMBERS) == "category"


@pytest.mark.parametrize("name", ["weight", "category_count", "class_size"])
def test_other_numbers_stay_numbers(name: str) -> None:
    assert kind(name, NUMBERS) == "number"


def test_a_code_with_fractions_or_mostly_different_numbers_is_a_number() -> None:
    assert kind("category", [f"{n}.5" for n in NUMBERS]) == "number"
    assert kind("zip", [str(n) for n in range(200)]) == "number"


@pytest.mark.parametrize("written", ["[{}, {}]", "[{},{}]", "['{}', '{}']", '["{}", "{}"]'])
def test_lists_in_brackets_are_lists_whose_words_are_read_bare(written: str) -> None:
    cells = [written.format(n % 20, n % 30) for n in range(200)] + ["[]"]
    found, _ = find_attributes({"alike": Profile("alike", pa.chunked_array([cells]))}, set())
    assert [(one.kind, one.separator) for one in found] == [("list", ",")]
    read = Words("alike", ",").read(pa.chunked_array([cells])).values.to_pylist()
    assert read[25] == ["5", "25"] and read[-1] is None


def test_ranges_are_no_lists() -> None:
    assert kind("age", ["[10,20)", "[20,30)"] * 50) == "category"
