"""Of a model's versions the newest stay, and whatever is in use, however old it is."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.registry import RegisteredVersion
from shared.names import CHAMPION
from shared.retention.versions import JOB_TAG, VERDICT_TAG, expired_versions

MODEL = "departures-jfk-mainline-fast"


def _version(number: int, *, passed: bool = True, ours: bool = True, champion: bool = False) -> RegisteredVersion:
    tags = {VERDICT_TAG: "passed" if passed else "rejected"} | ({JOB_TAG: f"job-{number}"} if ours else {})
    return RegisteredVersion(model=MODEL, version=str(number), tags=tags, aliases=(CHAMPION,) if champion else ())


@st.composite
def _histories(draw: Any) -> list[RegisteredVersion]:
    """Any history of a model: passed and rejected versions, ours and others', perhaps a champion and one before it."""
    count = draw(st.integers(0, 12))
    versions = [
        _version(number, passed=draw(st.booleans()), ours=draw(st.booleans())) for number in range(1, count + 1)
    ]
    if versions and draw(st.booleans()):
        at = draw(st.integers(0, count - 1))
        before = str(draw(st.integers(1, count))) if draw(st.booleans()) else None
        versions[at] = versions[at].model_copy(update={"aliases": (CHAMPION,), "previous": before})
    return versions


def _gone(versions: list[RegisteredVersion], keep: int, in_use: tuple[str, ...] = ()) -> set[str]:
    return {one.name.removeprefix(f"{MODEL}@") for one in expired_versions(versions, keep, in_use)}


def test_the_oldest_go() -> None:
    """Of five with two to keep, three are too many; the reason tells how many there are."""
    versions = [_version(number) for number in range(1, 6)]
    assert _gone(versions, 2) == {"1", "2", "3"}
    assert expired_versions(versions, 2)[0].reason == "5 versions are registered, and the newest 2 stay."


@given(_histories(), st.integers(1, 5), st.sets(st.integers(1, 12).map(str)))
def test_what_is_needed_never_goes(versions: list[RegisteredVersion], keep: int, in_use: set[str]) -> None:
    """Champion, the one before, the newest, the newest that passed, what is in use, and what somebody else made."""
    gone = _gone(versions, keep, tuple(in_use))
    ours = [one for one in versions if JOB_TAG in one.tags]
    champions = [one for one in versions if one.aliases]
    passed = [one.version for one in ours if one.tags[VERDICT_TAG] == "passed"]
    assert not gone & {one.version for one in champions}
    assert not gone & {one.previous for one in champions}
    assert not gone & set(passed[-1:])
    assert not gone & in_use
    assert not gone & {one.version for one in ours[-keep:]}
    assert gone <= {one.version for one in ours}


@given(_histories(), st.integers(1, 5))
def test_once_is_enough(versions: list[RegisteredVersion], keep: int) -> None:
    """When what expired is gone, nothing more has expired."""
    gone = _gone(versions, keep)
    assert not _gone([one for one in versions if one.version not in gone], keep)


@given(_histories(), st.integers(1, 5))
def test_keeping_more_deletes_no_others(versions: list[RegisteredVersion], keep: int) -> None:
    """What goes when six stay goes when five stay, too."""
    assert _gone(versions, keep + 1) <= _gone(versions, keep)


def test_a_version_in_production_stays_without_an_alias() -> None:
    """Registries without aliases know stages only."""
    old = _version(1).model_copy(update={"stage": "Production"})
    assert _gone([old, _version(2), _version(3)], 1) == {"2"}
