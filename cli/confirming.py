"""Asking somebody before something is done that cannot be taken back."""

import sys

import typer


def confirm(question: str) -> None:
    """Go on only if somebody is here and says yes.

    Raises:
        typer.BadParameter: Nobody is here.
        typer.Exit: They said no.
    """
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is here to confirm it: add --yes")
    if not typer.confirm(question):
        typer.echo("nothing was done", err=True)
        raise typer.Exit(1)
