"""What every command takes that asks a running app. `cli.root` adds `--entra` to them."""

from typing import Annotated, Final

import typer

from cli.completing import dataset_versions, datasets, fleets, models, models_or_versions, runs, versions

#: No app is named: the stack that runs here is looked for.
APP: Final = ""

Url = Annotated[
    str,
    typer.Option(
        "--app", metavar="URL", envvar="SIGNALBOX_APP", show_default=False,
        help="Where the app is; the stack that runs here unless given.",
    ),
]  # fmt: skip
Key = Annotated[
    str,
    typer.Option("--key", envvar="SIGNALBOX_KEY", show_default=False, help="A function key, if the app asks for one."),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model.", autocompletion=models)]
MaybeModel = Annotated[
    str | None, typer.Argument(metavar="[MODEL]", help="All models unless given.", autocompletion=models)
]
Version = Annotated[
    str, typer.Argument(metavar="MODEL@VERSION", help="The model and its version.", autocompletion=versions)
]
ModelOrVersion = Annotated[
    str,
    typer.Argument(
        metavar="MODEL[@VERSION]", help="The model, or one version of it.", autocompletion=models_or_versions
    ),
]
FleetName = Annotated[
    str | None, typer.Option("--fleet", help="Which fleet, where the app has several.", autocompletion=fleets)
]
RunId = Annotated[str, typer.Argument(metavar="ID", help="The run.", autocompletion=runs)]
Dataset = Annotated[
    str | None, typer.Argument(metavar="[DATASET]", help="All datasets unless given.", autocompletion=datasets)
]
DatasetVersion = Annotated[
    str,
    typer.Argument(metavar="VERSION", help="Its name, as `datasets list` shows it.", autocompletion=dataset_versions),
]
