"""What every `Holds` does, against a real Azurite."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.holds import FleetHold
from shared.storage.base import Holds
from shared.storage.holds import TableHolds

pytestmark = pytest.mark.stack

_AT = datetime(2026, 1, 2, tzinfo=UTC)
_SELECT = {"region": ("rockies", "plains/ü")}


def _hold(minutes: int, **changes: Any) -> FleetHold:
    values: dict[str, Any] = {
        "fleet": "demand",
        "scope": "label:region=plains/ü|rockies",
        "select": _SELECT,
        "by": "eve",
        "reason": "an audit",
        "at": _AT + timedelta(minutes=minutes),
    }
    return FleetHold.model_validate(values | changes)


@pytest.fixture
def holds(azurite: str, table: str) -> Holds:
    """Holds whose table does not exist yet."""
    return TableHolds(azurite, table)


def test_a_fleet_has_the_latest_order_of_each_scope(holds: Holds) -> None:
    """And none of another fleet; before anything was ordered there is none."""
    assert holds.of("demand") == []
    whole = _hold(1, scope="fleet:demand", select={})
    for one in (_hold(1), _hold(2, by="ben"), whole, _hold(3, fleet="flights")):
        holds.put(one)
    assert holds.of("demand") == [whole, _hold(2, by="ben")]
    assert holds.of("flights") == [_hold(3, fleet="flights")]


def test_an_order_that_comes_late_or_again_changes_nothing(holds: Holds) -> None:
    """What was lifted is not held by the order that came before."""
    lifted = _hold(5, lifted=True)
    for one in (_hold(1), lifted, _hold(1), lifted, _hold(4)):
        holds.put(one)
    assert holds.of("demand") == [lifted]
    assert not lifted.holds(_AT)
