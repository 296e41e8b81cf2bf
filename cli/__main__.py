"""``python -m cli``: the same as ``signalbox``."""

from cli.main import app

app(prog_name="signalbox")
