"""Environments: what differs is laid over the file, and keeps its own lines."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.fleet.environments import overlaid
from shared.fleet.loader import FleetError, check_fleet, load_fleet, load_fleets
from shared.located_yaml import read_document
from tests.shared.fleet.files import DEMAND, edited, write_fleet


def written(folder: Path, environments: str, *edits: tuple[str, str]) -> Path:
    """The demand fleet with other environments."""
    old = '  dev: {level: 2, matrix: {region: [ohio-valley]}, schedule: {train: "Sat 22:00"}}\n  prod: {}\n'
    return write_fleet(folder, edited((old, environments), *edits, text=DEMAND))


def told(path: Path, environment: str | None) -> list[str]:
    """The problems of a fleet file, without the folder."""
    with pytest.raises(FleetError) as caught:
        load_fleet(path, environment)
    return [problem.removeprefix(f"{path.parent}/") for problem in caught.value.problems]


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    """Mappings are merged, everything else replaces, and the file as it is stays what it is."""
    path = write_fleet(tmp_path, DEMAND)
    dev, prod, plain = (load_fleet(path, environment) for environment in ("dev", "prod", None))
    assert [policy.model for policy in dev.models] == [
        f"demand-ohio-valley-{format_}-{movement}" for format_ in ("large", "small") for movement in ("slow", "fast")
    ]
    assert {policy.level for policy in dev.models} == {2}
    assert dev.schedule == {"train": "Sat 22:00", "score": "Tue 04:00"}
    assert (len(prod.models), len(plain.models)) == (56, 56)
    assert (dev.environment, prod.environment, plain.environment) == ("dev", "prod", None)


def test_each_environment_has_its_own_revision(tmp_path: Path) -> None:
    """The same bytes say other things in another environment."""
    path = write_fleet(tmp_path, DEMAND)
    assert len({load_fleet(path, environment).revision for environment in ("dev", "prod", None)}) == 3


def test_an_empty_value_takes_away(tmp_path: Path) -> None:
    """An environment without a schedule, and with a tag less."""
    path = written(
        tmp_path,
        '  dev:\n    schedule:\n    retrain:\n    models: {"demand-{region}-{format}-{movement}": {stale: ~}}\n',
    )
    fleet = load_fleet(path, "dev")
    assert fleet.schedule == {}
    assert {policy.stale_days for policy in fleet.models} == {None}


@pytest.mark.parametrize("environment", [None, ""])
def test_without_an_environment_the_file_stands_as_it_is(environment: str | None, tmp_path: Path) -> None:
    """An empty setting chooses none."""
    assert load_fleet(write_fleet(tmp_path, DEMAND), environment).environment is None


def test_an_unknown_environment_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """A misspelt setting must not run production's file."""
    path = write_fleet(tmp_path, DEMAND)
    assert told(path, "pord") == ["fleet.yaml:6: there is no environment `pord`; did you mean `prod`?"]
    assert told(path, "xyz") == ["fleet.yaml:6: there is no environment `xyz`; known here: dev, prod"]
    assert told(write_fleet(tmp_path), "dev") == [
        "fleet.yaml:1: there is no environment `dev`; write `environments: {dev: {}}` if nothing differs"
    ]
    with pytest.raises(FleetError, match="there is no environment `pord`"):
        load_fleets([path], "pord")


def test_a_mistake_in_an_environment_is_shown_at_its_own_line(tmp_path: Path) -> None:
    """And only where that environment is chosen."""
    path = written(
        tmp_path,
        "  dev:\n    gates:\n      accuracy:\n        max: 45\n  prod:\n    matrix:\n      region:\n        - florida\n"
        "        - Florida\n",
    )
    assert told(path, "dev") == ["fleet.yaml:10: `max: 45` would be 4500 % of MAPE; write 45% or 0.45"]
    assert told(path, "prod") == ["fleet.yaml:15: `Florida` appears twice (names are in lower case); keep one of them"]
    assert load_fleet(path).environment is None


def test_an_environment_may_have_the_bound_of_an_override_itself(tmp_path: Path) -> None:
    """There the override changes nothing, and elsewhere it does."""
    path = written(tmp_path, "  dev: {gates: {accuracy: {max: 50%}}}\n")
    assert check_fleet(path) == ()
    assert told(written(tmp_path, "  dev: {}\n", ("max: 45%", "max: 50%")), None) == [
        "fleet.yaml:40: `accuracy` is 50% already, so this changes nothing; remove it"
    ]


def test_the_level_that_retrains_may_be_that_of_one_environment(tmp_path: Path) -> None:
    """What only production does by itself is said once, for all of them."""
    path = written(tmp_path, "  dev: {}\n  prod: {level: 4}\n", ("level: 4\n", "level: 2\n"))
    assert check_fleet(path) == ()


def test_a_misspelt_entry_of_an_environment_is_told_from_a_new_one(tmp_path: Path) -> None:
    """To say only that a part of it is missing would send people the wrong way; a whole new entry is right."""
    path = written(
        tmp_path, "  dev: {gates: {acuracy: {max: 60%}}}\n  prod: {gates: {errors: {metric: rmse, max: 9}}}\n"
    )
    assert told(path, "dev") == [
        "fleet.yaml:7: `acuracy` is new in this environment; did you mean `accuracy`?",
        "fleet.yaml:7: `metric` is missing; write for example `metric: mape`",
    ]
    assert [gate.name for gate in load_fleet(path, "prod").models[0].gates][-1] == "errors"


def test_every_environment_can_be_checked_at_once(tmp_path: Path) -> None:
    """What is wrong everywhere is said once, what is wrong in one environment names it."""
    path = written(
        tmp_path, "  dev: {level: 9}\n  prod: {team: {owners: x}}\n", ("timezone: America/Chicago", "timezone: Gotham")
    )
    assert [problem.removeprefix(f"{path}:") for problem in check_fleet(path)] == [
        "4: `Gotham` is no time zone; write for example America/New_York",
        "7: `level` cannot be `9`; known here: 1, 2, 3, 4 (environment dev)",
        "8: unknown key `owners`; did you mean `owner`? (environment prod)",
    ]
    assert check_fleet(write_fleet(tmp_path, DEMAND)) == ()


@pytest.mark.parametrize(
    ("environments", "message"),
    [
        ("  dev: {fleet: other}\n", "7: `fleet` is the same in every environment; remove it here"),
        ("  dev: {environments: {}}\n", "7: `environments` is the same in every environment; remove it here"),
        ("  dev: {levle: 2}\n", "7: unknown key `levle`; did you mean `level`?"),
        ("  dev: high\n", "7: `dev` must be a mapping, not text; write for example `dev: {level: 2}`"),
        ("  Dev: {}\n", "7: `Dev` is no name; use up to 63 of a-z, 0-9, - and _, a-z first"),
    ],
)
def test_the_section_is_checked_whatever_is_chosen(environments: str, message: str, tmp_path: Path) -> None:
    """A mistake in production's entry is seen on the developer's machine."""
    assert told(written(tmp_path, environments), None) == [f"fleet.yaml:{message}"]


def test_an_environment_may_leave_out_what_overrides_and_names_speak_of(tmp_path: Path) -> None:
    """The override of the rockies is no mistake where there is only Ohio, nor is a model of fast movers without any."""
    name = "demand-{region}-{format}-{movement}"
    path = written(
        tmp_path,
        "  dev: {matrix: {region: [ohio-valley], movement: [slow]}}\n",
        (name + ":", "demand-{region}-{format}-{movement=fast}:"),
        ("region: rockies, movement: slow", "region: rockies, movement: fast"),
    )
    assert load_fleet(path, "dev").models == ()
    assert len(load_fleet(path).models) == 28


LEAVES = st.one_of(st.none(), st.integers(0, 9), st.lists(st.integers(0, 9), max_size=2))
TREES = st.dictionaries(
    st.sampled_from(["matrix", "team", "gates"]),
    st.recursive(LEAVES, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6),
    max_size=3,
)


def merge_patch(base: Any, patch: Any) -> Any:
    """RFC 7396, section 2, as it is written there."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


@settings(max_examples=100)
@given(TREES, TREES)
def test_an_overlay_is_a_merge_patch(base: dict[str, Any], patch: dict[str, Any]) -> None:
    """The merged file is what RFC 7396 says, and each value of the environment has a line inside its section."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.yaml"
        path.write_text(yaml.safe_dump(base | {"environments": {"dev": patch}}, sort_keys=False))
        overlay = overlaid(read_document(path), "dev")
        begins = overlay.base.lines["environments",]
    merged = {key: value for key, value in overlay.document.value.items() if key != "environments"}
    assert merged == merge_patch(base, patch)
    assert all(overlay.document.lines[place] > begins for place in overlay.places)
    for place, line in overlay.document.lines.items():
        if place and place[0] != "environments" and place not in overlay.places:
            assert line < begins
