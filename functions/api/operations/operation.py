"""What the description of an HTTP function is made of."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from shared.contracts.base import Contract

#: In which people are told what is wrong, too, where they look at a page.
HTML: Final = "text/html"

type Schema = dict[str, Any]
#: Of these, the one whose fields the body has.
type Shapes = tuple[type[Contract], ...]


class Parameter(NamedTuple):
    """A parameter of the path or of the query.

    Attributes:
        about: What it means.
        schema: What it may be.
        example: One that may be there.
    """

    about: str
    schema: Schema = {"type": "string"}  # noqa: RUF012 - a named tuple's default; nobody changes it
    example: Any = None


class Body(NamedTuple):
    """What a request carries.

    Attributes:
        shapes: One of these; an event in any form that is known, or an array of some, when there is none.
        needs: Fields that it cannot do without here, beside those that the shape itself asks for.
        only: The fields that have a meaning here; all of the shape's when empty.
        required: Whether there must be one at all.
        example: One that is right.
        about: What is asked for by it, where a path has a body of its own.
        role: Which one the caller needs, where the path alone does not decide.
    """

    shapes: Shapes
    needs: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    required: bool = True
    example: Mapping[str, Any] = {}
    about: str = ""
    role: str = ""


class Operation(NamedTuple):
    """What one HTTP function takes and answers.

    Attributes:
        answers: The shapes of each answer that is no problem, by status; none for what people look at.
        problems: What each status means, of those that not all functions have.
        path: Its path's parameters.
        query: Its query's parameters.
        body: What it takes, if it takes anything.
        form: Of what it answers, where that is no JSON.
        variants: Bodies by the last parameter of the path, where that decides: each is described by itself.
    """

    answers: Mapping[int, Shapes]
    problems: Mapping[int, str] = {}
    path: Mapping[str, Parameter] = {}
    query: Mapping[str, Parameter] = {}
    body: Body | None = None
    form: str = "application/json"
    variants: Mapping[str, Body] = {}
