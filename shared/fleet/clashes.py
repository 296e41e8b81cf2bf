"""Whether the fleet files of one app fit together: they share its registry, its workspace and the quota of that."""

from collections.abc import Iterator, Sequence

from shared.contracts.policy import ModelPolicy
from shared.fleet.fleet import Fleet
from shared.fleet.service_checks import MOST_ENDPOINTS, few, too_many_endpoints, too_many_models
from shared.located_yaml import Problem
from shared.release.sharing import MOST_MODELS

type _Behind = dict[str, list[tuple[Fleet, ModelPolicy]]]


def clashes(fleets: Sequence[Fleet]) -> Iterator[tuple[Fleet, list[Problem]]]:
    """Fleets that do not go together with an earlier one, and what is wrong with each."""
    for index, fleet in enumerate(fleets):
        earlier = fleets[:index]
        problems = [*_names(fleet, earlier), *few(_endpoints(fleet, earlier))]
        if problems:
            yield fleet, problems


def _names(fleet: Fleet, earlier: Sequence[Fleet]) -> Iterator[Problem]:
    mine = _registered(fleet)
    for other in earlier:
        if other.name == fleet.name:
            yield Problem(1, f"the name `{fleet.name}` is also that of {other.path}; let them differ")
        for name, line in _registered(other).items():
            if name in mine:
                yield Problem(mine[name], f"the model `{name}` is also in {other.path}:{line}; let their names differ")


def _registered(fleet: Fleet) -> dict[str, int]:
    """The lines of all that a fleet registers: its models and their baselines."""
    baselines = {one.baseline.model: fleet.lines[one.model] for one in fleet.models if one.baseline}
    return baselines | dict(fleet.lines)


def _endpoints(fleet: Fleet, earlier: Sequence[Fleet]) -> Iterator[Problem]:
    """One endpoint answers for models of several fleets only if all of them say so, and has room for some."""
    before, mine = _behind(earlier), _behind([fleet])
    for endpoint, models in mine.items():
        # of a model of the same name its name is told
        others = [(other, one) for other, one in before.get(endpoint, ()) if one.model not in fleet.lines]
        yield from _unshared(endpoint, models, others)
        together = [one for _, one in (*others, *models)]
        if others and len(together) > MOST_MODELS and all(one.serve.shared for one in together):
            other, one = others[0]
            where = f"{other.path}:{other.lines[one.model]} has it, too"
            for _, own in models:
                yield Problem(fleet.lines[own.model], too_many_models(endpoint, len(together), where))
    needed = len({*before, *mine})
    if needed > MOST_ENDPOINTS >= len(before) and before:
        line = min(
            fleet.lines[one.model] for endpoint, models in mine.items() if endpoint not in before for _, one in models
        )
        yield Problem(line, too_many_endpoints(f"this fleet and {_paths(earlier)} need", needed))


def _unshared(
    endpoint: str, models: Sequence[tuple[Fleet, ModelPolicy]], others: Sequence[tuple[Fleet, ModelPolicy]]
) -> Iterator[Problem]:
    for fleet, one in models:
        for other, theirs in others:
            if not (one.serve.shared and theirs.serve.shared):
                place = f"{other.path}:{other.lines[theirs.model]}"
                text = f"`{endpoint}` would serve both `{one.model}` and `{theirs.model}` of {place}"
                remedy = "give each model its own endpoint, or say `shared: true` beside it in both files"
                yield Problem(fleet.lines[one.model], f"{text}; {remedy}")
                break


def _behind(fleets: Sequence[Fleet]) -> _Behind:
    """The models of each endpoint, with their fleets."""
    behind: _Behind = {}
    for fleet in fleets:
        for one in fleet.models:
            if one.serve.endpoint is not None:
                behind.setdefault(one.serve.endpoint, []).append((fleet, one))
    return behind


def _paths(fleets: Sequence[Fleet]) -> str:
    return ", ".join(str(fleet.path) for fleet in fleets)
