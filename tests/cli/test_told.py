"""How a command ends: in one message whatever went wrong, and quietly where somebody ends it."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

import taojin
from taojin.cli import common
from taojin.cli.common import sentence, told
from taojin.cli.main import app
from taojin.serving import in_bulk

INTERRUPTED_WHILE_IT_LOADS = """
import builtins

from taojin.__main__ import main

load = builtins.__import__

def interrupted(name, *rest):
    if name == "taojin.cli.{part}":
        exec("raise KeyboardInterrupt")
    return load(name, *rest)

builtins.__import__ = interrupted
main()
"""


@pytest.mark.parametrize("part", ["common", "main"])
def test_an_interruption_while_the_command_loads_is_no_traceback(part: str) -> None:
    call = [sys.executable, "-c", INTERRUPTED_WHILE_IT_LOADS.format(part=part)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (130, "interrupted\n", "")


def test_the_installed_command_is_the_one_that_guards_its_loading() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert 'taojin = "taojin.__main__:main"' in project.read_text()


def test_what_nobody_foresaw_is_a_line_that_says_how_to_see_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as end, told():
        raise NameError("name 'x' is not defined")
    assert end.value.code == 1
    assert capsys.readouterr().err == (
        "error: unexpected NameError: name 'x' is not defined; run it again with --debug to see where, and report it\n"
    )
    monkeypatch.setitem(common.state, "debug", True)
    with pytest.raises(NameError), told():
        raise NameError("name 'x' is not defined")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_names_the_file_and_what_to_do(number: int) -> None:
    why, remedy = os.strerror(number), f"make room there and in {tempfile.gettempdir()}, or name another place"
    no_name, named = OSError(number, "Error writing bytes to file"), OSError(number, why, "other.bin")
    assert sentence(no_name, Path("lists.csv")) == f"lists.csv: cannot be written, {why}; {remedy}"
    assert sentence(named, Path("lists.csv")) == f"other.bin: cannot be written, {why}; {remedy}"


def test_lists_that_find_no_room_are_told_by_the_file_they_were_for(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "Error writing bytes to file")

    monkeypatch.setattr(in_bulk, "lists", full)
    (tmp_path / "users.txt").write_text("u3\n")
    out = tmp_path / "lists.csv"
    done = CliRunner().invoke(
        app, ["recommend", str(tiny_run), "--users", str(tmp_path / "users.txt"), "--out", str(out)]
    )
    assert done.exit_code == 1 and f"error: {out}: cannot be written, No space left on device; make room" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["users.txt"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (".run.0123456789ab.checkpoints/din.pt", "interrupted; the same command goes on from where it was\n"),
        (".run.v2.0123456789ab.checkpoints/din.pt", "interrupted\n"),
        ("notes/din.pt", "interrupted\n"),
    ],
)
def test_an_interrupted_training_says_that_it_goes_on_where_it_has_kept_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, said: str
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("taojin.run.train", interrupted)
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).write_text("kept")
    done = CliRunner().invoke(app, ["train", "world_tiny", "--out", str(tmp_path / "run")])
    assert done.exit_code == 130 and done.stderr.endswith(said)


@pytest.mark.parametrize("words", [("--version",), ("-h",), ("train", "-h")])
def test_the_command_tells_its_version_and_helps_by_the_short_word(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, list(words))
    expected = f"taojin {taojin.__version__}\n" if words == ("--version",) else "Usage:"
    assert done.exit_code == 0 and expected in done.output


@pytest.mark.xdist_group("runs")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--events", "{tmp}"), "events {tmp}: expected one file, or live, got a folder; put the files into one"),
        (("--events", "{tmp}/*.csv"), "expected one file, or live, got a pattern"),
        (("world",), "recipe 'world': another than the run's, 'world_tiny', and reads other data; leave the recipe"),
    ],
)
def test_what_a_run_cannot_go_on_with_is_told(
    tiny_run: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "later.csv").write_text("")
    given = [word.format(tmp=tmp_path) for word in words]
    done = CliRunner().invoke(app, ["train", *given, "--from", str(tiny_run), "--out", str(tmp_path / "next")])
    assert done.exit_code == 1 and message.format(tmp=tmp_path) in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["later.csv"]
