"""What every command takes that asks a running app."""

from typing import Annotated, Final

import typer

APP: Final = "http://localhost:7071"

Url = Annotated[str, typer.Option("--app", metavar="URL", help="Where the app is.")]
Key = Annotated[str, typer.Option("--key", help="A function key, where the app asks for one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
