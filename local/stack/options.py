"""Options that every command which starts a stack has."""

import argparse
import os
from typing import Final

_VARIABLE: Final = "AZUREML"
_CHOICES: Final = ("double",)


def add_azureml(parser: argparse.ArgumentParser) -> None:
    """The option that puts the double of Azure ML between the app and the local services.

    A value of the environment variable that is none of its choices ends the program, as it does on the command line.
    """
    default = os.environ.get(_VARIABLE) or None
    if default is not None and default not in _CHOICES:
        parser.error(f"{_VARIABLE}={default}: choose {' or '.join(_CHOICES)}, or leave it out for the local platform")
    parser.add_argument(
        "--azureml",
        choices=_CHOICES,
        default=default,
        help="let the app talk to Azure ML's double, over azure-ai-ml; AZUREML=double says the same",
    )
