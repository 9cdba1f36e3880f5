"""`python -m taojin` is the command `taojin`."""

from taojin.cli import app

app(prog_name="taojin")
