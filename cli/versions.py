"""A version as the command line writes it."""

import typer


def split(version: str) -> tuple[str, str]:
    """``MODEL@VERSION`` as its two parts.

    Raises:
        typer.BadParameter: It is not of this form.
    """
    model, at, number = version.rpartition("@")
    if not at or not model or not number:
        raise typer.BadParameter(f"{version!r} names no version: write MODEL@VERSION, as in demand-plains-large-fast@3")
    return model, number
