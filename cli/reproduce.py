"""``signalbox reproduce``. What is heavy is imported by what needs it."""

import sys

from cli.options import APP, Json, Key, Url, Version
from cli.versions import split


def reproduce(
    version: Version,
    *,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Make a version again from what the ledger says of it, and tell which bytes and figures differ.

    The exit code is 1 when a figure differs, or the version cannot be made again.
    """
    from cli.reproduce_telling import tell_reproduction  # noqa: PLC0415 - --help must be quick

    sys.exit(tell_reproduction(url, key, *split(version), as_json=as_json))
