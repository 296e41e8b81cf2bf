"""What Azure ML allows of endpoints: names, numbers, traffic. Source: "Manage and increase quotas" and the SDK."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from tests.doubles.azure_ml.messages import Refusal, wrong

ENDPOINTS: Final = 100
"""Per subscription and region, and kind."""
DEPLOYMENTS: Final = 20
"""Per endpoint."""
MIRROR: Final = 50
"""Percent."""
_NAME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]$")


def require_name(name: str, what: str) -> None:
    """Refuse what cannot be the name of an endpoint or deployment."""
    if not _NAME.match(name):
        message = (
            f"{name!r} is not the name of {what}: 3 to 32 letters, digits and hyphens, beginning with a letter and "
            "not ending with a hyphen."
        )
        raise wrong(message, inner="InvalidName")


def require_room(count: int, limit: int, what: str) -> None:
    """Refuse one more than there may be."""
    if count >= limit:
        raise Refusal(400, "QuotaExceeded", f"There are {count} {what} already, and {limit} at most.")


def require_traffic(traffic: Mapping[str, int], ready: Collection[str]) -> None:
    """Refuse shares that do not sum to 0 or 100, or that go to what cannot answer."""
    if any(not 0 <= share <= 100 for share in traffic.values()) or sum(traffic.values()) not in (0, 100):
        raise wrong(f"Traffic must sum to 0 or 100, and {dict(traffic)} does not.", inner="InvalidTraffic")
    _require_known(traffic, ready)


def require_mirror(
    mirror: Mapping[str, int], traffic: Mapping[str, int], ready: Collection[str], *, on_kubernetes: bool
) -> None:
    """Refuse to mirror more than half, to more than one, to who answers itself, or on Kubernetes."""
    if not any(mirror.values()):
        _require_known({}, ready)
        return
    if on_kubernetes:
        raise wrong("Mirrored traffic is not supported on Kubernetes.", inner="MirrorNotSupported")
    if len(mirror) > 1:
        raise wrong(f"Traffic can be mirrored to one deployment, not to {len(mirror)}.", inner="InvalidMirror")
    if any(not 0 <= share <= MIRROR for share in mirror.values()):
        raise wrong(f"At most {MIRROR} % of traffic can be mirrored, not {dict(mirror)}.", inner="InvalidMirror")
    _require_known(mirror, ready)
    if twice := [name for name in mirror if traffic.get(name)]:
        raise wrong(f"{twice[0]} has traffic: none can be mirrored to it.", inner="InvalidMirror")


def _require_known(shares: Mapping[str, int], ready: Collection[str]) -> None:
    if unknown := sorted(set(shares) - set(ready)):
        there = ", ".join(sorted(ready)) or "none"
        raise wrong(f"{', '.join(unknown)}: there is no such deployment that could answer; there is {there}.")
