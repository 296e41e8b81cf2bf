"""``signalbox fleet show``: the models that a fleet file makes, and where each value comes from."""

from datetime import UTC, datetime
from pathlib import Path

from cli.fleet_files import environment_of, with_fleet
from cli.printing import cell, print_json, say, show, table
from shared.contracts.policy import ModelPolicy
from shared.fleet.amounts import bound_text
from shared.fleet.effective import EffectiveValue, effective
from shared.fleet.fleet import Fleet
from shared.fleet.gate_text import gate_words


def tell_models(file: Path | None, environment: str | None, *, as_json: bool) -> int:
    """Print one line per model; gives the exit code."""

    def tell(fleet: Fleet) -> None:
        """Its models."""
        if as_json:
            print_json([policy.to_wire() for policy in fleet.models])
        else:
            _print_models(fleet)

    return with_fleet(file, environment, tell)


def tell_model(file: Path | None, model: str, environment: str | None, *, origins: bool, as_json: bool) -> int:
    """Print all that holds for one model now, with the origin of each value if wanted; gives the exit code."""

    def tell(fleet: Fleet) -> None:
        """All values of the model."""
        values = effective(fleet.path, model, environment_of(environment), datetime.now(UTC))
        if as_json:
            keys = ("key", "value", "origin") if origins else ("key", "value")
            print_json([{key: getattr(one, key) for key in keys} for one in values])
        else:
            _print_values(model, values, origins=origins)

    return with_fleet(file, environment, tell)


def _print_models(fleet: Fleet) -> None:
    say(f"{fleet.name}: {len(fleet.models)} models" + (f" in {fleet.environment}" if fleet.environment else ""))
    exceptions = {policy.model: _exceptions(policy) for policy in fleet.models}
    columns = ("trained on", "served", "compared with", *(("exceptions",) if any(exceptions.values()) else ()))
    shown = table("model", *columns, whole="model")
    for policy in fleet.models:
        baseline = policy.baseline.model if policy.baseline else "a column of its evaluation"
        cells = (policy.model, policy.train.dataset, _serving(policy), baseline, exceptions[policy.model])
        shown.add_row(*map(cell, cells[: 1 + len(columns)]))
    show(shown)
    say(_gates(fleet))


def _gates(fleet: Fleet) -> str:
    """The gates in words: they are the same for all models, but for exceptions."""
    rules = fleet.models[0].gates if fleet.models else ()
    return "; ".join(f"{rule.name}: {gate_words(rule)}" for rule in rules)


def _exceptions(policy: ModelPolicy) -> str:
    """The exceptions to its gates that still hold."""
    now = datetime.now(UTC)
    return ", ".join(
        f"{gate.name} {bound_text(gate.override.bound, gate.metric)}"
        for gate in policy.gates
        if gate.override is not None and gate.override.bound is not None and now < gate.override.until
    )


def _serving(policy: ModelPolicy) -> str:
    if policy.serve.mode == "batch":
        return f"batch: {policy.serve.pipeline}"
    return "online" if policy.serve.endpoint == policy.model else f"online: {policy.serve.endpoint}"


def _print_values(model: str, values: tuple[EffectiveValue, ...], *, origins: bool) -> None:
    shown = table("key", "value", *(("where it comes from",) if origins else ()), whole="key", title=model)
    for one in values:
        shown.add_row(*map(cell, (one.key, one.value, *((one.origin,) if origins else ()))))
    show(shown)
