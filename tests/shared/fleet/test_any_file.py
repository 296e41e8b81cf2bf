"""Whatever stands in a fleet file, it loads or is refused at lines of the file: never a traceback."""

import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.fleet.effective import effective
from shared.fleet.loader import FleetError, check_fleet, load_fleet
from tests.shared.fleet.files import DEMAND, write_fleet

ENVIRONMENTS = st.sampled_from([None, "dev", "prod", "staging"])


def scalars(words: list[str]) -> st.SearchStrategy[Any]:
    """What people write at the wrong place, and what YAML makes of it."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 5000),
        st.floats(),
        st.dates(),
        st.datetimes(),
        st.text(max_size=8),
        st.sampled_from(words),
    )


SCALARS = scalars(
    ["45%", "-1%", "60d", "0d", "99999d", "2h", "Mon 10:00", "daily 25:00", "{region}", "{movement=fast}", "{week}",
     "{", "raw/{region}/{week}*.csv", "weekly", "shipments", "baseline", "champion", "drift", "UTC", "../x", "/x",
     "a" * 400, "golden/large.csv", "dev", "nul\0"]
)  # fmt: skip
KEYS = st.one_of(
    st.sampled_from(
        ["fleet", "level", "matrix", "models", "gates", "train", "baseline", "per", "name", "with", "serve", "online",
         "data", "tags", "stale", "max", "metric", "until", "match", "region", "publish", "environments", "dev",
         "demand-{region}-{movement=fast}", "signalbox.x", "at_once", "when", "versions"]
    ),
    st.text(max_size=6),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


#: What YAML 1.1 counts as the end of a line.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a document."""
    yield place
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from places(inner, (*place, key))


PLACES = sorted(places(yaml.safe_load(DEMAND)), key=str)


def put(document: Any, place: tuple[str | int, ...], key: str | None, value: Any) -> Any:
    """The document with a value replaced, or with a key added to the mapping there; `None` where that is gone."""
    if not place:
        return document | {key: value} if key is not None and isinstance(document, dict) else value
    try:
        document[place[0]] = put(document[place[0]], place[1:], key, value)
    except (KeyError, IndexError, TypeError):
        return document
    return document


def assert_at_lines(problems: Iterable[str], path: Path, text: str) -> None:
    """Each problem names a line of the file, and says something in words."""
    for problem in problems:
        line, _, what = problem.removeprefix(f"{path}:").partition(":")
        assert 1 <= int(line) <= len(LINE_BREAK.findall(text)) + 1
        assert re.search(r"\w", what)


def told(text: str, environment: str | None) -> None:
    """Reads a file in every way; raises nothing but refusals that name lines of the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_fleet(Path(folder), text)
        problems = list(check_fleet(path))
        try:
            fleet = load_fleet(path, environment)
        except FleetError as error:
            problems += error.problems
        else:
            for policy in fleet.models[:2]:
                assert effective(path, policy.model, environment)
        assert_at_lines(problems, path, text)


@example([(("matrix", "format", 0), None, "a" * 400)], None)
@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.none() | KEYS, VALUES), min_size=1, max_size=3), ENVIRONMENTS)
def test_wrong_values_anywhere_are_refused_at_lines(
    changes: list[tuple[tuple[str | int, ...], str | None, Any]], environment: str | None
) -> None:
    """Any value at any place, any key in any mapping, in any environment."""
    document = yaml.safe_load(DEMAND)
    for place, key, value in changes:
        document = put(document, place, key, value)
    told(yaml.safe_dump(document, allow_unicode=True), environment)


@settings(max_examples=60)
@given(VALUES, ENVIRONMENTS)
def test_any_yaml_is_refused_at_lines(document: Any, environment: str | None) -> None:
    """A file of something else entirely."""
    told(yaml.safe_dump(document, allow_unicode=True), environment)


@settings(max_examples=60)
@given(st.text(max_size=200), ENVIRONMENTS)
@example("? [a]\n: b", None)
@example("fleet: " + "[" * 5000 + "]" * 5000, None)
@example("a:\n" * 3 + "- " * 3000, "dev")
@example("!!python/object:os.system {}", None)
@example("'\r", None)
def test_any_text_is_refused_at_lines(text: str, environment: str | None) -> None:
    """A file that is no YAML, or brackets that nest without end."""
    told(text, environment)
