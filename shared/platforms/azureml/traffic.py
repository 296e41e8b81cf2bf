"""Rules of an online endpoint's traffic (Azure ML: safe rollout for online endpoints)."""

from collections.abc import Collection, Mapping
from typing import Final

from shared.errors import PermanentError

#: Largest share of the traffic that Azure ML copies.
MOST_MIRRORED: Final = 50
_CODE: Final = "InvalidTraffic"


def require_traffic(
    traffic: Mapping[str, int], mirror: Mapping[str, int], known: Collection[str], endpoint: str
) -> None:
    """Refuse what Azure ML would refuse, with the remedy.

    Args:
        traffic: Percent by deployment.
        mirror: Percent of the traffic that is copied, by deployment.
        known: The endpoint's deployments.
        endpoint: Its name, for messages.

    Raises:
        PermanentError: `InvalidTraffic`.
    """
    for name, share in (*traffic.items(), *mirror.items()):
        if isinstance(share, bool) or not isinstance(share, int) or not 0 <= share <= 100:
            raise PermanentError(_CODE, f"the share of {name!r} is {share!r}: write a whole number from 0 to 100")
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise PermanentError(_CODE, f"the endpoint {endpoint} has no deployment {name!r}; it has {there}")
    if sum(traffic.values()) not in (0, 100):
        raise PermanentError(
            _CODE, f"the shares of {endpoint} sum to {sum(traffic.values())}: let them sum to 100 or 0"
        )
    _require_mirror({name: share for name, share in mirror.items() if share}, traffic)


def kept_mirror(mirror: Mapping[str, int], traffic: Mapping[str, int]) -> dict[str, int]:
    """What is mirrored still, once the traffic is as given.

    A deployment gets either traffic or copies of it: one that takes over from being mirrored to is mirrored to no more.
    """
    return {name: share for name, share in mirror.items() if not traffic.get(name)}


def _require_mirror(mirror: Mapping[str, int], traffic: Mapping[str, int]) -> None:
    if len(mirror) > 1:
        raise PermanentError(_CODE, f"traffic is mirrored to one deployment only, not to {', '.join(sorted(mirror))}")
    for name, share in mirror.items():
        if share > MOST_MIRRORED:
            raise PermanentError(_CODE, f"at most {MOST_MIRRORED} % can be mirrored, not {share} % to {name!r}")
        if traffic.get(name):
            raise PermanentError(_CODE, f"{name!r} has traffic of its own: mirror to one that has none")
