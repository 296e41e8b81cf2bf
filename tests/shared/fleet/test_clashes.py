"""Fleet files of one app that do not go together: endpoints that both use, and how many they need in all."""

from pathlib import Path

import pytest

from shared.fleet.loader import FleetError, load_fleets
from shared.release.sharing import MOST_MODELS
from tests.shared.fleet.files import edited, write_fleet

_ENDPOINT = '{online: "departures-{origin}-fast"}'
_GOLDEN = ("    golden: golden/{origin}-fast.csv\n", "")


def _both(folder: Path, first: str, second: str, origins: str = "JFK") -> tuple[Path, Path]:
    """Two fleets of the same form, whose fast models are served as is said."""
    cells = ("origin: [JFK, LGA]", f"origin: [{origins}]")
    other = (("fleet: flights", "fleet: delays"), ("  departures-{origin}", "  delays-{origin}"))
    path = write_fleet(folder, edited(cells, _GOLDEN, (_ENDPOINT, first)))
    return path, write_fleet(folder, edited(cells, _GOLDEN, *other, (_ENDPOINT, second)), "delays.yaml")


def _told(*paths: Path) -> tuple[str, ...]:
    with pytest.raises(FleetError) as caught:
        load_fleets(paths)
    return caught.value.problems


@pytest.mark.parametrize("shared", [(False, False), (True, False), (False, True)])
def test_two_fleets_on_one_endpoint_are_refused(tmp_path: Path, shared: tuple[bool, bool]) -> None:
    """Each release would take the other's traffic away, unless both files say that the endpoint is shared."""
    serve = [f"{{online: one{', shared: true' if one else ''}}}" for one in shared]
    first, second = _both(tmp_path, *serve)
    pair = "`delays-jfk-mainline-fast` and `departures-jfk-mainline-fast`"
    remedy = "give each model its own endpoint, or say `shared: true` beside it in both files"
    assert _told(first, second) == (f"{second}:18: `one` would serve both {pair} of {first}:18; {remedy}",)


def test_two_fleets_share_an_endpoint_when_both_say_so(tmp_path: Path) -> None:
    """As two models of one fleet do."""
    first, second = _both(tmp_path, "{online: one, shared: true}", "{online: one, shared: true}")
    assert len(load_fleets([first, second]).all) == 2


def test_a_shared_endpoint_has_room_for_models_of_all_fleets_together(tmp_path: Path) -> None:
    """Four and four are more than six, though each file by itself has room."""
    shared = "{online: one, shared: true}"
    first, second = _both(tmp_path, shared, shared, "A, B, C, D")
    assert MOST_MODELS == 6
    (told,) = _told(first, second)
    assert told.startswith(f"{second}:18: `one` would serve 8 models, and a shared endpoint has room for 6 (")
    assert f"at times; {first}:18 has it, too)" in told
    assert len(load_fleets([first]).all) == 1


def test_all_fleets_together_have_a_hundred_endpoints(tmp_path: Path) -> None:
    """Azure ML counts those of a workspace's region, whichever file names them; shared ones count once."""
    origins = ", ".join(f"A{number}" for number in range(51))
    own, shared = '{online: "b-{origin}"}', '{online: "b-{origin}", shared: true}'
    first, second = _both(tmp_path, own.replace("b-", "a-"), own, origins)
    (told,) = _told(first, second)
    assert told.startswith(f"{second}:18: this fleet and {first} need 102 endpoints, and Azure ML allows 100 per ")
    assert told.endswith("in a workspace of another region")
    both = _both(tmp_path, shared, shared, origins)
    assert len(load_fleets(both).all) == 2
