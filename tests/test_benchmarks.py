"""Benchmarks run outside the tests; what the tests hold is that each still starts."""

import argparse
import importlib
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.environment import takes_data


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_says_what_it_takes(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        importlib.import_module(BENCHMARKS[name]).main(["--help"])
    assert stopped.value.code == 0
    assert f"python -m benchmarks {name}" in capsys.readouterr().out


def test_data_is_named_or_lies_where_the_environment_says(monkeypatch, capsys):
    def parsed(*words):
        parser = argparse.ArgumentParser()
        takes_data(parser)
        return parser.parse_args(words).data

    monkeypatch.setenv("TAOJIN_DATA", "known")
    assert parsed() == Path("known") and parsed("--data", "other") == Path("other")
    monkeypatch.delenv("TAOJIN_DATA")
    with pytest.raises(SystemExit):
        parsed()
    assert "--data" in capsys.readouterr().err
