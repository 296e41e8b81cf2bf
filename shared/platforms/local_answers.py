"""What the local services answer, in Signalbox's own words."""

from collections.abc import Mapping
from typing import Any

from shared.contracts.deployments import DeploymentState
from shared.contracts.jobs import JobState
from shared.contracts.platform_models import PlatformModel
from shared.errors import PermanentError
from shared.platforms.local_service import MESSAGE_LIMIT
from shared.platforms.log_ends import log_ends


def job_state(body: Mapping[str, Any]) -> JobState:
    """A job, as `GET /jobs/{name}` answers."""
    return JobState(
        name=body["name"],
        status=body["status"],
        error=_log_text(body.get("error")),
        started_at=body.get("started_at"),
        ended_at=body.get("ended_at"),
    )


def platform_model(body: Mapping[str, Any]) -> PlatformModel:
    """A registered model's version, as `GET /models/{name}/versions/{version}` answers."""
    return PlatformModel(model=body["name"], version=body["version"], path=body["path"], tags=body["tags"])


def deployment_state(endpoint: str, body: Mapping[str, Any]) -> DeploymentState:
    """A deployment of an endpoint, as `GET /endpoints/{endpoint}/deployments/{deployment}` answers."""
    # models:/NAME/VERSION
    model, _, version = str(body.get("model") or "").removeprefix("models:/").rpartition("/")
    return DeploymentState(
        endpoint=endpoint,
        deployment=body["name"],
        status=body["provisioning_state"],
        model=model or None,
        version=version or None,
        error=_error_text(body.get("error")),
        created_at=body.get("created_at"),
    )


def _error_text(error: Mapping[str, Any] | None) -> str | None:
    if not error:
        return None
    return f"{error.get('code')}: {error.get('message')}"[:MESSAGE_LIMIT]


def _log_text(error: Mapping[str, Any] | None) -> str | None:
    return log_ends(f"{error.get('code')}: {error.get('message')}") if error else None


def predictions(body: Mapping[str, Any], rows: int, endpoint: str) -> list[float]:
    """One number per row, of an answer in MLflow's scoring protocol; NaN where the model has no number.

    Raises:
        PermanentError: `BadPredictions`: not one number per row.
    """
    found = body.get("predictions")
    if not isinstance(found, list) or len(found) != rows:
        got = f"{len(found)} predictions" if isinstance(found, list) else "no list of predictions"
        raise PermanentError("BadPredictions", f"endpoint {endpoint!r} answered {got} to {rows} rows")
    return [_number(one, endpoint) for one in found]


def _number(prediction: Any, endpoint: str) -> float:
    """A prediction as a number; MLflow answers `null` for NaN."""
    if prediction is None:
        return float("nan")
    if isinstance(prediction, bool) or not isinstance(prediction, int | float):
        raise PermanentError("BadPredictions", f"endpoint {endpoint!r} answered {prediction!r} in place of a number")
    return float(prediction)
