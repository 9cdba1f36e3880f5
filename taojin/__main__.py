"""`python -m taojin` is the command `taojin`."""

from taojin.cli.main import app

app(prog_name="taojin")
