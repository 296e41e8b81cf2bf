"""``signalbox run``: begins runs over a fleet, and tells how they stand. What is heavy is imported by what needs it."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from cli.completing import fleets, selections
from cli.options import APP, FleetName, Json, Key, RunId, Url

runs = typer.Typer(help="Runs over the models and datasets of a fleet.", no_args_is_help=True)

Watch = Annotated[bool, typer.Option("--watch", help="Follow it to its end; exit code 1 when something failed.")]

Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="LABEL=VALUE,…",
        help="Only cells with one of these values; repeatable.",
        autocompletion=selections,
    ),
]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Periods that end later are not seen.")]
Again = Annotated[bool, typer.Option("--again", help="Also what is up to date already.")]

_OF_MODELS = {
    "train": "Train models on their newest dataset versions.",
    "score": "Score the newest period with the models in production.",
}


def _begins(operation: str) -> Callable[..., None]:
    def begin(
        *,
        select: Select = None,
        fleet: FleetName = None,
        as_of: AsOf = None,
        again: Again = False,
        watch: Watch = False,
        url: Url = APP,
        key: Key = "",
        as_json: Json = False,
    ) -> None:
        from cli.run_requests import body_of  # noqa: PLC0415 - --help must be quick
        from cli.run_telling import begin_run  # noqa: PLC0415 - as above

        body = body_of(select or [], fleet=fleet, as_of=as_of, again=again)
        sys.exit(begin_run(url, key, f"/api/datafactory/{operation}", body, watch=watch, as_json=as_json))

    return begin


for _operation, _help in _OF_MODELS.items():
    runs.command(_operation, help=_help)(_begins(_operation))


@runs.command("condition")
def condition(
    *,
    select: Select = None,
    prefix: Annotated[
        str | None,
        typer.Option("--prefix", metavar="PATH", help="Only cells with a landed file whose path begins so."),
    ] = None,
    fleet: FleetName = None,
    as_of: AsOf = None,
    again: Again = False,
    watch: Watch = False,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Make dataset versions of the files that have landed."""
    from cli.run_requests import body_of  # noqa: PLC0415 - as above
    from cli.run_telling import begin_run  # noqa: PLC0415 - as above

    body = body_of(select or [], fleet=fleet, as_of=as_of, again=again, prefix=prefix)
    sys.exit(begin_run(url, key, "/api/datafactory/condition", body, watch=watch, as_json=as_json))


@runs.command("list")
def list_runs(
    *,
    fleet: Annotated[
        str | None, typer.Option("--fleet", help="Only those of this fleet.", autocompletion=fleets)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 20,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """List the last runs, newest first."""
    from cli.run_telling import tell_runs  # noqa: PLC0415 - as above

    sys.exit(tell_runs(url, key, limit, fleet, as_json=as_json))


@runs.command("show")
def show(
    run: RunId,
    *,
    watch: Watch = False,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Show a run with all its cells; exit code 1 when something failed."""
    from cli.run_telling import tell_run  # noqa: PLC0415 - as above

    sys.exit(tell_run(url, key, run, watch=watch, as_json=as_json))


@runs.command("retry")
def retry(
    run: RunId,
    *,
    watch: Watch = False,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Run again what failed or was skipped in a run that has ended."""
    from cli.paths import api_path  # noqa: PLC0415 - as above
    from cli.run_requests import retry_body  # noqa: PLC0415 - as above
    from cli.run_telling import begin_run  # noqa: PLC0415 - as above

    sys.exit(begin_run(url, key, api_path("runs", run, "retry"), retry_body(), watch=watch, as_json=as_json))


@runs.command("callback")
def callback(
    run: RunId,
    *,
    url: Url = APP,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Call back Data Factory once more where it was not told how a run ended."""
    from cli.run_telling import call_back  # noqa: PLC0415 - as above

    sys.exit(call_back(url, key, run, as_json=as_json))
