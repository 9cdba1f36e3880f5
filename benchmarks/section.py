"""Sections of docs/results.md."""

from pathlib import Path


def write_section(file: Path, title: str, text: str) -> None:
    """Put a section in the place of the one with this title, or behind all others."""
    head = f"\n## {title}\n"
    whole = file.read_text(encoding="utf-8")
    before, found, behind = whole.partition(head)
    others = "\n## " + behind.partition("\n## ")[2] if "\n## " in behind else ""
    file.write_text((before if found else whole) + f"{head}\n{text.strip()}\n" + others, encoding="utf-8")


def shown(arguments: list[str]) -> str:
    """A command line without the folders of this machine.

    >>> shown(["--data", "/home/me/ml-1m", "--rows", "5"])
    '--data ml-1m --rows 5'
    """
    return " ".join(Path(part).name if "/" in part else part for part in arguments)
