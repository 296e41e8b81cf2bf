"""Files that somebody names on the command line."""

import re
from pathlib import Path
from typing import Final

from cli.failures import CommandError
from shared.errors import PermanentError
from shared.near_names import meant

_SHOWN: Final = 5  # files that are named where none is like the one that was asked for


def unusable(error: PermanentError) -> CommandError:
    """What is wrong with a file or a name that was given, with a code as all others are written: `not-empty`."""
    return CommandError(re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.code).lower(), error.message)


def require_file(path: Path) -> None:
    """Refuse a file that is not there, and name the one that was probably meant.

    Raises:
        CommandError: There is none.
    """
    if path.exists():
        return
    folder = path.parent if path.parent.is_dir() else Path()
    beside = sorted(one.name for one in folder.iterdir() if one.is_file())
    alike = [name for name in beside if Path(name).suffix == path.suffix]
    where = "here" if folder == Path() else f"in {folder}"
    there = f"{where} is {', '.join(alike[:_SHOWN])}" if alike else f"{where} is no file that ends in {path.suffix!r}"
    found = meant(path.name, beside)
    remedy = f"did you mean {folder / found}?" if found else there
    raise CommandError("no-file", f"there is no file {path}", remedy)
