"""Which function a path leads to, on Azure as on a laptop.

The Functions host tries routes by the names of their functions, and not the most literal one first (its issues 3153 and
9876): of two that take the same path, the one that is meant has to come first by name.
"""

import re
from collections.abc import Iterable, Iterator

from functions.index import Route
from tests.api.description import EVERY_ROUTE

_PLACE = re.compile(r"\\\{(\\\*)?\w+\\\}")


def _taken_from(routes: Iterable[Route]) -> Iterator[tuple[str, str]]:
    """Pairs of functions: the first one is meant, the second one takes its path."""
    for meant in routes:
        for other in routes:
            both = other is not meant and other.method == meant.method and _takes(other.path, meant.path)
            if both and _literals(other.path) <= _literals(meant.path) and other.name.lower() < meant.name.lower():
                yield meant.name, other.name


def _takes(template: str, path: str) -> bool:
    """Whether a template matches a path, of which a catch-all takes no segment as well as many."""
    pattern = re.escape(template).replace(r"/\{\*", r"/?\{\*")
    pattern = _PLACE.sub(lambda found: ".*" if found[1] else "[^/]+", pattern)
    return re.fullmatch(pattern, path) is not None


def _literals(template: str) -> int:
    return sum("{" not in segment for segment in template.split("/"))


def test_no_function_takes_the_path_of_another() -> None:
    """Whichever order the host tries them in, every path leads to the function that is meant."""
    assert list(_taken_from(EVERY_ROUTE)) == []


def test_the_guard_notices() -> None:
    """A catch-all that comes first by name is found, and one that comes last is not."""
    listed = Route("GET", "things", "list_things")
    assert list(_taken_from([listed, Route("GET", "things/{*path}", "get_thing")])) == [("list_things", "get_thing")]
    assert list(_taken_from([listed, Route("GET", "things/{*path}", "read_thing")])) == []
    assert list(_taken_from([listed, Route("POST", "things/{*path}", "get_thing")])) == []
    named = Route("GET", "things/{name}", "a_thing")
    assert list(_taken_from([Route("GET", "things/all", "things"), named])) == [("things", "a_thing")]
