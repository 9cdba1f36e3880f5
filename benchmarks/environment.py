"""Options of command lines; environments of peers, built once from `benchmarks/peers/NAME.txt` in `.cache/peers`."""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def at_least_one(text: str) -> int:
    """A number of an option; argparse says the rest.

    >>> at_least_one("3")
    3
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {number}")
    return number


def takes_data(parser: argparse.ArgumentParser) -> None:
    """Give a command line `--data`, which `TAOJIN_DATA` stands in for."""
    known = os.environ.get("TAOJIN_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        required=known is None,
        default=Path(known) if known is not None else None,
        help="folder that holds the data sets; TAOJIN_DATA without it",
    )


def peer_python(name: str) -> Path:
    """The Python of a peer's environment; it is built anew when its requirements have changed."""
    requirements = ROOT / "benchmarks" / "peers" / f"{name}.txt"
    folder = ROOT / ".cache" / "peers" / name
    python, built = folder / "bin" / "python", folder / "built-from"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not built.exists() or built.read_text() != wanted:
        print(f"building {folder.relative_to(ROOT)} from {requirements.relative_to(ROOT)} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)], check=True)
        built.write_text(wanted)
    return python
