"""An endpoint's traffic when some of its deployments go."""

from collections.abc import Collection, Mapping


def traffic_without(traffic: Mapping[str, int], leaving: Collection[str]) -> dict[str, int]:
    """The traffic that the others have afterwards: their shares keep their proportions, and sum to 100, or to 0.

    Args:
        traffic: Percent by deployment.
        leaving: Deployments that get nothing any more; they stay in the answer, with 0.
    """
    staying = {name: share for name, share in traffic.items() if name not in leaving}
    whole = sum(staying.values())
    scaled = {name: share * 100 // whole if whole else 0 for name, share in staying.items()}
    # What rounding down has left over goes to the largest shares, one percent each.
    left = 100 - sum(scaled.values()) if whole else 0
    for name in sorted(staying, key=lambda name: (-staying[name], name))[:left]:
        scaled[name] += 1
    return {name: scaled.get(name, 0) for name in traffic}
