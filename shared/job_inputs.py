"""What an input of a job may be: one rule for who submits jobs, who runs them, and who reads a fleet file's `with`.

Azure ML sends every plain value as a text, and reads it as the type that the input is declared to have.
Source of the types: the CLI v2 YAML references "pipeline job" and "command component".
"""

import re
from collections.abc import Collection
from typing import Final

from shared.contracts.policy import Scalar

#: Types of plain values, and how a text of each is written.
_PLAIN: Final = {
    "string": re.compile(r".*", re.DOTALL),
    "integer": re.compile(r"[+-]?[0-9]+"),
    "number": re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE),
    "boolean": re.compile(r"true|false", re.IGNORECASE),
}
#: Types of what lies in a datastore or a registry.
_DATA: Final = frozenset({"uri_folder", "uri_file", "mltable", "mlflow_model", "custom_model", "triton_model"})


def is_plain(declared: str) -> bool:
    """Whether inputs of a type are plain values."""
    return declared in _PLAIN


def value_fault(declared: str | None, value: Scalar, choices: Collection[str] = ()) -> str | None:
    """What is wrong with a plain value, as the end of a sentence: `takes integer, not 'abc'`; `None` if it may be.

    Args:
        declared: The type that the input has; `None` where that is not known, and for one that this rule does not know
            nothing is said either.
        value: What it is given.
        choices: The texts that it may be; any when empty.
    """
    text = str(value)
    if declared in _DATA:
        return f"takes data of type {declared}, not {value!r}"
    if declared in _PLAIN and not _PLAIN[declared].fullmatch(text):
        return f"takes {declared}, not {value!r}"
    if choices and text not in choices:
        return f"takes one of {', '.join(choices)}, not {value!r}"
    return None


def data_fault(declared: str | None, given: str) -> str | None:
    """Likewise of data: a folder, a file or a model. Whether one kind of them can be another, the service says.

    Args:
        declared: As in `value_fault`.
        given: The type of what it is given.
    """
    return f"takes {declared}, not data of type {given}" if declared in _PLAIN else None
