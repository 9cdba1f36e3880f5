"""Benchmarks run outside the tests; what the tests hold is that each still starts."""

import importlib

import pytest

from benchmarks.__main__ import BENCHMARKS


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_says_what_it_takes(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        importlib.import_module(BENCHMARKS[name]).main(["--help"])
    assert stopped.value.code == 0
    assert f"python -m benchmarks {name}" in capsys.readouterr().out
