"""A gate as a person writes it, key by key, and as a person says it."""

from collections.abc import Iterator

from shared.contracts.policy import MIN_ROWS, GatePolicy
from shared.fleet.amounts import bound_text


def gate_values(rule: GatePolicy, *, overridden: bool = False) -> Iterator[tuple[str, str]]:
    """The keys of a gate and their values, as in the fleet file.

    Args:
        rule: The gate.
        overridden: Whether the bound is that of its exception.
    """
    yield "metric", rule.metric
    for key in ("max", "min"):
        bound = getattr(rule.override, key) if overridden and rule.override else getattr(rule, key)
        if bound is not None:
            yield key, bound_text(bound, rule.metric)
    for key, reference in (("better_than", rule.better_than), ("not_worse_than", rule.not_worse_than)):
        if reference is not None:
            yield key, reference
    for key, share in (("by", rule.by), ("confidence", rule.confidence)):
        if share is not None:
            yield key, f"{share * 100:g}%"
    if rule.segments:
        yield "segments", f"[{', '.join(rule.segments)}]"
        yield "min_rows", str(rule.min_rows)
    if rule.max_age_days is not None:
        yield "max_age", f"{rule.max_age_days}d"


def gate_words(rule: GatePolicy) -> str:
    """What it asks: `mape at most 45%`, `mape better than the champion by 2% with 90% confidence`."""
    said = dict(gate_values(rule))
    match rule:
        case GatePolicy(max=float()):
            asked = f"at most {said['max']}"
        case GatePolicy(min=float()):
            asked = f"at least {said['min']}"
        case GatePolicy(better_than=str()):
            asked = f"better than the {rule.better_than}{' by ' + said['by'] if rule.by else ''}"
        case _:
            asked = f"not worse than the {rule.not_worse_than}{' by more than ' + said['by'] if rule.by else ''}"
    sure = f" with {said['confidence']} confidence" if rule.confidence is not None else ""
    few = f" of at least {rule.min_rows} rows" if rule.min_rows != MIN_ROWS else ""
    where = f" in each {' and '.join(rule.segments)}{few}" if rule.segments else ""
    return f"{rule.metric} {asked}{sure}{where}"
