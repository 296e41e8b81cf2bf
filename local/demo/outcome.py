"""What the demo must have seen, read back from registry, scoring service, ledger and published data."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.demo.observe import Model, Observer, Version
from shared.contracts.policy import ModelPolicy
from shared.release.golden import read_golden


@dataclass(frozen=True)
class Outcome:
    """One model at the end.

    Attributes:
        serving: Where its predictions come from, as the serving side itself says.
        rejection: The gates that it failed, with figure and requirement, as the ledger has them; empty when released.
        prediction: One answer of the production endpoint beside the expected one; online models only.
        figures: Of the model, the baseline and the naive forecast, as the ledger has them.
        problems: What was expected and not observed; empty when all is well.
    """

    model: Model
    version: Version | None
    serving: str
    rejection: tuple[str, ...]
    prediction: tuple[dict[str, Any], float, float] | None
    figures: dict[str, dict[str, Any]]
    problems: tuple[str, ...]


def look(observer: Observer, model: Model, policy: ModelPolicy, folder: Path, *, rejected: bool = False) -> Outcome:
    """Read one model's outcome from every place that holds a part of it.

    Args:
        observer: Of the running stack.
        model: As the read model tells of it.
        policy: What the fleet file says of it.
        folder: The fleet file's.
        rejected: Whether the gates are expected to reject it.
    """
    versions = observer.versions(model.name)
    rows = observer.ledger(model.name)
    if rejected:
        return _look_at_rejected(observer, model, policy, versions, rows)
    champion = next((version for version in reversed(versions) if "champion" in version.aliases), None)
    problems = list(_registry_problems(model, versions, champion))
    prediction, serving = None, "not served"
    if policy.serve.mode == "online" and policy.serve.endpoint:
        endpoint, path = observer.endpoint(policy.serve.endpoint), model.row.get("serving", {}).get("route")
        deployment = observer.route(path).deployment if path else None
        serving = f"online: by {path} to {deployment}" if path else f"online: {_traffic(endpoint)}"
        problems += [] if path else _endpoint_problems(endpoint)
        prediction = _ask(observer, policy.serve.endpoint, folder / policy.golden, deployment)
        if prediction is None:
            problems.append(f"the endpoint {policy.serve.endpoint} gave no prediction")
    elif path := model.row.get("serving", {}).get("published"):
        published = observer.published(path)
        serving = f"batch: {len(published)} rows published"
        problems += [] if published else [f"{path} holds no predictions"]
    else:
        problems.append("no predictions are published")
    problems += _ledger_problems(observer, model, rows)
    shown = champion or (versions[-1] if versions else None)
    return Outcome(model, shown, serving, (), prediction, _figures(rows, shown), tuple(problems))


def _look_at_rejected(
    observer: Observer, model: Model, policy: ModelPolicy, versions: list[Version], rows: list[dict[str, Any]]
) -> Outcome:
    """A model that its gates rejected: registered with its verdict, and nowhere in production."""
    shown = versions[-1] if versions else None
    failed = tuple(
        gate["reason"]
        for row in rows
        if row["entry"]["effect"] == "ModelRegistered" and shown and row["entry"]["facts"]["version"] == shown.number
        for gate in row["entry"]["facts"]["gates"]
        if not gate["passed"]
    )
    problems = [] if failed else ["the ledger tells of no gate that it failed"]
    if model.row.get("stands_in"):  # an earlier run has made an exception of it, see `local.demo.later`
        served = f"online: by {model.row['stands_in']}, which stands in"
        return Outcome(model, shown, served, failed, None, _figures(rows, shown), tuple(problems))
    if model.state != "rejected":
        problems.append(f"it should have been rejected, and is {model.state}: {model.reason}")
    if shown is None or shown.verdict != "rejected":
        problems.append("the registry has no version with the verdict rejected")
    if any(version.aliases for version in versions) or any("ModelReleased" in row["entry"]["effect"] for row in rows):
        problems.append("a version of it was released all the same")
    if policy.serve.endpoint and observer.endpoint(policy.serve.endpoint):
        problems.append(f"the endpoint {policy.serve.endpoint} exists all the same")
    return Outcome(model, shown, "not served", failed, None, _figures(rows, shown), tuple(problems))


def _figures(rows: list[dict[str, Any]], version: Version | None) -> dict[str, dict[str, Any]]:
    """The evaluation of a version, as it was written down when it was registered."""
    for row in reversed(rows):
        facts = row["entry"]["facts"]
        if row["entry"]["effect"] == "ModelRegistered" and version and facts.get("version") == version.number:
            return {of: figures or {} for of, figures in facts["evaluation"].items()}
    return {}


def _registry_problems(model: Model, versions: list[Version], champion: Version | None) -> Iterator[str]:
    if not versions:
        yield "no version is registered"
    if model.state != "released":
        yield f"it was not released: {model.reason}"
    if champion is None:
        yield "no version has the alias champion"
    elif champion.stage != "Production":
        yield f"the champion, version {champion.number}, is in stage {champion.stage}"
    elif champion.number != model.row.get("champion"):
        yield f"the registry's champion is {champion.number}, the read model's {model.row.get('champion')}"


def _endpoint_problems(endpoint: dict[str, Any]) -> Iterator[str]:
    traffic = {name: share for name, share in endpoint.get("traffic", {}).items() if share}
    if list(traffic.values()) != [100]:
        yield f"the endpoint's traffic is {traffic or 'nothing'}, not 100 % to one deployment"
    leftover = sorted(set(endpoint.get("deployments", {})) - set(traffic))
    if leftover:
        yield f"deployments without traffic were left: {', '.join(leftover)}"


def _ledger_problems(observer: Observer, model: Model, rows: list[dict[str, Any]]) -> Iterator[str]:
    effects = [row["entry"]["effect"] for row in rows]
    if "ModelReleased" not in effects:
        yield "the ledger tells of no release"
    if rows and not observer.why(model.name)["verified"]:
        yield "the ledger's hash chain is broken"


def _traffic(endpoint: dict[str, Any]) -> str:
    shares = ", ".join(f"{share} % to {name}" for name, share in endpoint.get("traffic", {}).items() if share)
    return shares or "no traffic"


def _ask(
    observer: Observer, endpoint: str, golden: Path, deployment: str | None
) -> tuple[dict[str, Any], float, float] | None:
    known = read_golden(golden.read_bytes(), golden.name)
    answered = observer.predict(endpoint, dict(known.inputs[0]), deployment)
    return None if answered is None else (dict(known.inputs[0]), answered, known.expected[0])
