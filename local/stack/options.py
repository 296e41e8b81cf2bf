"""Options that every command which starts a stack has."""

import argparse
import os


def add_azureml(parser: argparse.ArgumentParser) -> None:
    """The option that puts the double of Azure ML between the app and the local services."""
    parser.add_argument(
        "--azureml",
        choices=["double"],
        default=os.environ.get("AZUREML") or None,
        help="let the app talk to Azure ML's double, over azure-ai-ml; AZUREML=double says the same",
    )
