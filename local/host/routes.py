"""Route templates of HTTP triggers, as ASP.NET Core matches them for the Functions host.

``models/{name}``, ``{name?}``, ``{id:int}``, ``{kind=all}``, ``{*rest}``, and more than one in a segment
(``{year}-{month}``). Literals match without case. The most literal template is tried first.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from local.host.errors import AppLoadError
from local.host.functions import Function

_PARAMETER = re.compile(r"\{(\*{0,2})(\w+)((?::[^{}()=?]+(?:\([^)]*\))?)*)(\?|=[^}]*)?\}")
_CONSTRAINT = re.compile(r":([a-z]+)(?:\(([^)]*)\))?")


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _is_guid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def _within(number: int, low: str, high: str) -> bool:
    return int(low) <= number <= int(high)


def _is_int(value: str) -> bool:
    return re.fullmatch(r"-?\d+", value) is not None


# Constraint name → (value, arguments) → whether it holds.
_CHECKS: Mapping[str, Callable[[str, list[str]], bool]] = {
    "int": lambda value, _: _is_int(value) and -(2**31) <= int(value) < 2**31,
    "long": lambda value, _: _is_int(value) and -(2**63) <= int(value) < 2**63,
    "bool": lambda value, _: value.lower() in {"true", "false"},
    "alpha": lambda value, _: re.fullmatch(r"[a-zA-Z]*", value) is not None,
    "guid": lambda value, _: _is_guid(value),
    "float": lambda value, _: _is_number(value),
    "double": lambda value, _: _is_number(value),
    "decimal": lambda value, _: _is_number(value),
    "length": lambda value, args: _within(len(value), args[0], args[-1]),
    "minlength": lambda value, args: len(value) >= int(args[0]),
    "maxlength": lambda value, args: len(value) <= int(args[0]),
    "min": lambda value, args: _is_int(value) and int(value) >= int(args[0]),
    "max": lambda value, args: _is_int(value) and int(value) <= int(args[0]),
    "range": lambda value, args: _is_int(value) and _within(int(value), args[0], args[1]),
    "required": lambda value, _: value != "",
}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a template: its name, ``catch_all``, ``default`` (None: none) and constraints."""

    name: str
    catch_all: bool
    default: str | None
    constraints: tuple[tuple[str, tuple[str, ...]], ...]

    def accepts(self, value: str) -> bool:
        """Whether every constraint holds."""
        return all(_CHECKS[name](value, list(arguments)) for name, arguments in self.constraints)


@dataclass(frozen=True)
class Route:
    """A template ready to match, and the function behind it.

    Attributes:
        methods: in capitals; empty means any, as for a trigger that names none.
        rank: lower is more specific, and is tried first.
    """

    function: Function
    template: str
    methods: frozenset[str]
    pattern: re.Pattern[str]
    parameters: tuple[Parameter, ...]
    rank: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """The route parameters when ``path`` (without leading slash, segments decoded) matches, else None."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values = {}
        for parameter, value in zip(self.parameters, found.groups(), strict=True):
            actual = value or parameter.default
            if actual is None:
                continue
            if not parameter.accepts(actual):
                return None
            values[parameter.name] = actual
        return values


def make_route(function: Function, prefix: str) -> Route:
    """The route of an HTTP-triggered function under the app's route prefix.

    Raises:
        AppLoadError: the template is malformed or has an unknown constraint.
    """
    own = str(function.trigger.get("route") or function.name).strip("/")
    template = "/".join(part for part in (prefix, own) if part)
    pattern, parameters, rank = "", [], []
    for number, segment in enumerate(template.split("/")):
        text, found = _segment(segment, function, template)
        parameters += found
        rank.append(_rank(segment, found))
        separator = "/" if number else ""
        may_be_absent = len(found) == 1 and (found[0].default is not None or found[0].catch_all)
        optional = may_be_absent or segment.endswith("?}")
        pattern += f"(?:{separator}{text})?" if optional else separator + text
    return Route(
        function=function,
        template=template,
        methods=frozenset(str(method).upper() for method in function.trigger.get("methods") or ()),
        pattern=re.compile(pattern, re.IGNORECASE | re.DOTALL),
        parameters=tuple(parameters),
        rank=tuple(rank),
    )


def find_route(routes: Iterable[Route], method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
    """The first route, in order of ``rank``, that takes this method and path.

    A route that takes other methods only does not match at all: the real host answers 404 there, not 405
    (azure-functions-host issue 10098), and 404 also for HEAD on a function that takes GET (issue 11625).
    """
    path = decode_path(raw_path)
    for route in routes:
        if (not route.methods or method in route.methods) and (values := route.match(path)) is not None:
            return route, values
    return None


def decode_path(raw_path: str) -> str:
    """Decode each segment of a percent-encoded path, but leave an encoded slash as it is, as ASP.NET does."""
    return "/".join(unquote(part).replace("/", "%2F") for part in raw_path.strip("/").split("/"))


def _segment(segment: str, function: Function, template: str) -> tuple[str, list[Parameter]]:
    pattern, parameters, position = "", [], 0
    for found in _PARAMETER.finditer(segment):
        pattern += _literal(segment[position : found.start()], function, template)
        parameter = _parameter(found, function)
        parameters.append(parameter)
        pattern += "(.*)" if parameter.catch_all else "([^/]+?)"
        position = found.end()
    return pattern + _literal(segment[position:], function, template), parameters


def _parameter(found: re.Match[str], function: Function) -> Parameter:
    stars, name, constraints, tail = found.groups()
    parsed = tuple((n, tuple(a.strip() for a in args.split(","))) for n, args in _CONSTRAINT.findall(constraints or ""))
    for constraint, _ in parsed:
        if constraint not in _CHECKS:
            known = ", ".join(sorted(_CHECKS))
            raise AppLoadError(f"function {function.name}: route constraint {constraint!r} is not one of {known}")
    default = tail[1:] if tail and tail.startswith("=") else None
    return Parameter(name=name, catch_all=bool(stars), default=default, constraints=parsed)


def _literal(text: str, function: Function, template: str) -> str:
    if "{" in text or "}" in text:
        raise AppLoadError(f"function {function.name}: cannot read the route {template!r} near {text!r}")
    return re.escape(text)


def _rank(segment: str, parameters: list[Parameter]) -> int:
    """0 literal, 1 constrained or mixed with a literal, 2 a bare parameter, 3 a catch-all."""
    if not parameters:
        return 0
    if parameters[0].catch_all:
        return 3
    bare = _PARAMETER.fullmatch(segment) is not None and not parameters[0].constraints
    return 2 if bare else 1
