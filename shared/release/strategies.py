"""How a version gets its traffic: the shares that it passes through, and how long each is watched."""

from typing import Final, NamedTuple

from shared.contracts.release import Serving
from shared.contracts.release_policy import ReleasePolicy, ShadowPolicy, Strategy

#: A grace that lasts longer, in minutes, is looked at in its middle, too.
_SHORT: Final = 10


class Stage(NamedTuple):
    """A share of the traffic.

    Attributes:
        percent: 1 to 100.
        bake_minutes: How long it is watched before it is judged.
    """

    percent: int
    bake_minutes: float


class Plan(NamedTuple):
    """How a version comes into production online.

    Attributes:
        strategy: What is done, which need not be what was asked for.
        stages: Shares of the traffic, ascending; the last one is all of it.
        shadow: What is mirrored to it first; absent where nothing is.
        told: Why something else is done than what was asked for; empty where it is not.
    """

    strategy: Strategy
    stages: tuple[Stage, ...]
    shadow: ShadowPolicy | None = None
    told: str = ""


def plan_online(policy: ReleasePolicy, *, endpoint: str, shared: bool, champion: Serving | None) -> Plan:
    """The plan of a release.

    Traffic can be divided, or copied, between two deployments of one endpoint only; and where models share an endpoint,
    its traffic says nothing of any of them.

    Args:
        policy: What the fleet file says.
        endpoint: Where the version is to serve.
        shared: Whether other models have that endpoint, too.
        champion: What serves now.
    """
    divided = policy.strategy in ("canary", "shadow") or policy.shadow is not None
    against = _against(endpoint, champion, shared=shared)
    if divided and against:
        plain: Strategy = "blue_green" if policy.strategy == "blue_green" else "all_at_once"
        asked = policy.strategy if policy.strategy != plain else "shadow"
        return Plan(plain, _AT_ONCE, told=f"No {asked}: {against}. All requests go to the version at once.")
    shadow = policy.shadow or (ShadowPolicy() if policy.strategy == "shadow" else None)
    stages = stages_of(policy) if policy.strategy == "canary" else _AT_ONCE
    return Plan(policy.strategy, stages, shadow)


def stages_of(policy: ReleasePolicy) -> tuple[Stage, ...]:
    """The shares of a canary: ascending, each once, and all of the traffic at the end, watched only if asked for."""
    steps = {step.percent: step.bake_minutes for step in policy.steps if 0 < step.percent <= 100}
    return tuple(Stage(percent, minutes) for percent, minutes in sorted(({100: 0} | steps).items()))


def looks(minutes: int) -> tuple[int, ...]:
    """How a grace is divided by the looks that are taken: minutes until each, from the one before; empty without any.

    A longer one is looked at in its middle, too: what is wrong need not last until its end.
    """
    if minutes <= 0:
        return ()
    if minutes <= _SHORT:
        return (minutes,)
    return (minutes // 2, minutes - minutes // 2)


def _against(endpoint: str, champion: Serving | None, *, shared: bool) -> str:
    """Why the traffic cannot be divided with what serves now; empty where it can."""
    if shared:
        return f"other models share the endpoint {endpoint}"
    if champion is None or champion.deployment is None:
        return "no version serves before this one"
    if champion.route is not None or champion.endpoint != endpoint:
        return f"the version before serves elsewhere, behind {champion.route or champion.endpoint}"
    return ""


_AT_ONCE: Final = (Stage(100, 0),)
