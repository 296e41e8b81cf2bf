"""Which Signalbox this is."""

from typing import Final

#: As in `pyproject.toml`, which does not travel to Azure.
VERSION: Final = "0.1.0"
