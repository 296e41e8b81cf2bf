"""The expressions of Azure ML: ``${{inputs.x}}``, ``${{parent.jobs.s.outputs.y}}``, ``$[[--x ${{inputs.x}}]]``.

Source: the CLI v2 YAML reference of Azure Machine Learning, "expression syntax for configuring jobs and components".
"""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_OWN = re.compile(r"\$\{\{\s*(inputs|outputs)\.(\w+)\s*\}\}")
_PARENT = re.compile(
    r"\$\{\{\s*parent\.(?:inputs\.(?P<input>\w+)|jobs\.(?P<step>\w+)\.outputs\.(?P<output>\w+))\s*\}\}"
)
_PARENT_OUTPUT = re.compile(r"^\$\{\{\s*parent\.outputs\.(\w+)\s*\}\}$")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_LEFT_OVER = re.compile(r"\$\{\{.*?\}\}|\$\[\[", re.DOTALL)
_SHELL = frozenset(";|&<>`$*?~(){}#\n")


@dataclass(frozen=True)
class Reference:
    """A reference to an input of the pipeline (``step`` is None) or to the output of a step."""

    step: str | None
    name: str


def references(text: str) -> Iterator[Reference]:
    """Every ``${{parent...}}`` in ``text``."""
    for match in _PARENT.finditer(text):
        yield _reference(match)


def _reference(match: re.Match[str]) -> Reference:
    return Reference(match["step"], match["input"] or match["output"])


def sole_reference(text: str) -> Reference | None:
    """The reference that makes up the whole of ``text``, or None."""
    match = _PARENT.fullmatch(text.strip())
    return _reference(match) if match else None


def parent_output(text: str) -> str | None:
    """The pipeline's output that ``text`` binds to, or None."""
    match = _PARENT_OUTPUT.match(text.strip())
    return match[1] if match else None


def unknown_expression(text: str, *, parent: bool) -> str | None:
    """The first expression in ``text`` that this service does not know; ``parent`` selects which kind is allowed."""
    rest = (_PARENT if parent else _OWN).sub("", text)
    match = _LEFT_OVER.search(rest)
    return match[0] if match else None


def fill_parent(text: str, value: Callable[[Reference], str]) -> str:
    """``text`` with every ``${{parent...}}`` replaced."""
    return _PARENT.sub(lambda match: value(_reference(match)), text)


def fill(text: str, inputs: dict[str, str], outputs: dict[str, str]) -> str:
    """``text`` with every ``${{inputs.x}}`` and ``${{outputs.x}}`` replaced."""
    return _OWN.sub(lambda match: (inputs if match[1] == "inputs" else outputs)[match[2]], text)


def own_names(text: str) -> Iterator[tuple[str, str]]:
    """Every ``("inputs" | "outputs", name)`` that a command mentions."""
    for match in _OWN.finditer(text):
        yield match[1], match[2]


def expand_optional(command: str, present: set[str]) -> str:
    """``command`` with each ``$[[...]]`` kept, without its brackets, if all inputs in it are present; else dropped."""

    def keep(match: re.Match[str]) -> str:
        wanted = {name for kind, name in own_names(match[1]) if kind == "inputs"}
        return match[1] if wanted <= present else ""

    return _OPTIONAL.sub(keep, command)


def python_arguments(command: str) -> list[str] | None:
    """``command`` as the arguments of a Python script, if it is just ``python SCRIPT.py ...`` or ``python -m ...``.

    The template is split, not the filled-in text: a value with blanks or quotes in it stays one argument.
    """
    line = _OWN.sub(lambda match: f"${{{{{match[1]}.{match[2]}}}}}", command.replace("\\\n", " ").strip())
    if _SHELL & set(_OWN.sub("", line)):
        return None
    try:
        words = shlex.split(line)
    except ValueError:  # an unbalanced quote: the shell will say so
        return None
    if len(words) < 2 or words[0] not in {"python", "python3"}:
        return None
    return words[1:] if words[1].endswith(".py") or (words[1] == "-m" and len(words) > 2) else None
