"""What the demo looks at: the app's API, the registry, the scoring service, published data. Nothing is remembered."""

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from azure.storage.blob import BlobServiceClient

from local.stack import Stack
from shared.contracts.routes import HEADER, ModelRoute

_TIMEOUT = httpx.Timeout(30.0)
_DONE = frozenset({"released", "rejected", "failed", "release_failed", "failed_over", "rolled_back", "parked"})


@dataclass(frozen=True)
class Version:
    """A model version as the registry tells of it."""

    number: str
    stage: str
    aliases: tuple[str, ...]
    verdict: str


@dataclass(frozen=True)
class Model:
    """A model as the app's read model tells of it."""

    name: str
    state: str
    reason: str
    row: dict[str, Any] = field(repr=False)

    @property
    def ended(self) -> bool:
        """Whether nothing more is going to happen by itself."""
        return self.state in _DONE

    def figure(self, of: str, metric: str = "mape") -> float | None:
        """A figure of the model, the baseline or the naive forecast."""
        value: float | None = self.row.get("figures", {}).get(of, {}).get(metric)
        return value


class Observer:
    """Reads the running stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._http = httpx.Client(timeout=_TIMEOUT)
        self._storage = BlobServiceClient.from_connection_string(stack.storage)

    def models(self) -> list[Model]:
        """Every model of the fleet."""
        rows = self._get(f"{self._stack.host_url}/api/models")["models"]
        return [Model(row["model"], row["state"], row["reason"], row) for row in rows]

    def model(self, name: str) -> Model:
        """One model of the fleet."""
        return next(one for one in self.models() if one.name == name)

    def train(self, model: str) -> None:
        """Ask for a training, as `signalbox retrain` does."""
        self._post(f"{self._stack.host_url}/api/datafactory/train", {"model": model, "request_id": uuid4().hex})

    def order(self, model: str, order: str, body: dict[str, Any]) -> None:
        """Give an order, as the command of that name does."""
        self._post(f"{self._stack.host_url}/api/models/{model}/{order}", body)

    def tell_figures(
        self, model: str, version: str, period: str, figures: dict[str, Any], reference: dict[str, Any]
    ) -> None:
        """Tell how a version did in a period, as whoever compares forecasts with what happened does."""
        body = {"version": version, "period": period, "figures": figures, "reference": reference}
        self._post(f"{self._stack.host_url}/api/observations/{model}", body)

    def why(self, model: str) -> dict[str, Any]:
        """The story from the ledger."""
        return self._get(f"{self._stack.host_url}/api/models/{model}/why")

    def ledger(self, model: str) -> list[dict[str, Any]]:
        """The ledger's rows."""
        rows: list[dict[str, Any]] = self._get(f"{self._stack.host_url}/api/models/{model}/ledger")["rows"]
        return rows

    def versions(self, model: str) -> list[Version]:
        """The versions in the registry, oldest first, by MLflow's own REST API."""
        base = f"{self._stack.mlflow_url}/api/2.0/mlflow"
        found = self._get(f"{base}/model-versions/search", filter=f"name='{model}'").get("model_versions", [])
        if not found:
            return []
        champion = self._http.get(f"{base}/registered-models/alias", params={"name": model, "alias": "champion"})
        holder = champion.json()["model_version"]["version"] if champion.is_success else None
        versions = []
        for version in sorted(found, key=lambda one: int(one["version"])):
            tags = {tag["key"]: tag["value"] for tag in version.get("tags", ())}
            versions.append(
                Version(
                    version["version"],
                    version.get("current_stage", "None"),
                    ("champion",) if version["version"] == holder else (),
                    tags.get("signalbox.verdict", "unknown"),
                )
            )
        return versions

    def endpoint(self, name: str) -> dict[str, Any]:
        """An endpoint's traffic and deployments; empty when there is none."""
        answer = self._http.get(f"{self._stack.scoring_url}/endpoints/{name}")
        body: dict[str, Any] = answer.json() if answer.is_success else {}
        return body

    def route(self, path: str) -> ModelRoute:
        """Which deployment of a shared endpoint answers for a model, as any client reads it."""
        return ModelRoute.model_validate_json(self._blobs("signalbox").download_blob(path, timeout=10).readall())

    def predict(self, endpoint: str, row: dict[str, Any], deployment: str | None = None) -> float | None:
        """One prediction, asked from the production endpoint as any client would: by traffic, or by a route."""
        headers = {} if deployment is None else {HEADER: deployment}
        url = f"{self._stack.scoring_url}/endpoints/{endpoint}/score"
        answer = self._http.post(url, json={"dataframe_records": [row]}, headers=headers)
        return float(answer.json()["predictions"][0]) if answer.is_success else None

    def published(self, path: str) -> list[dict[str, str]]:
        """The rows of published predictions."""
        content = self._blobs("signalbox").download_blob(path, timeout=10).readall()
        return list(csv.DictReader(io.StringIO(content.decode())))

    def quarantined(self) -> Counter[str]:
        """Rejected rows over all sources by the rule that each breaks, counted in the quarantine itself."""
        container = self._blobs("signalbox")
        blobs = [blob.name for blob in container.list_blobs(name_starts_with="quarantine/")]
        contents = [container.download_blob(name, timeout=10).readall().decode() for name in blobs]
        return Counter(row["rule"] for content in contents for row in csv.DictReader(io.StringIO(content, newline="")))

    def holds(self, path: str, content: bytes) -> bool:
        """Whether a raw file lies there with these very bytes."""
        blob = self._blobs("landing").get_blob_client(path)
        return bool(blob.exists(timeout=10)) and blob.download_blob(timeout=60).readall() == content

    def land(self, path: str, content: bytes) -> str:
        """Put a raw file where files land; the key that its delivery will have."""
        blob = self._blobs("landing").upload_blob(path, content, overwrite=True, timeout=60)
        etag = blob.get_blob_properties(timeout=10).etag.strip('"')
        return f"landing/{path}@{etag}"

    def arrivals(self) -> list[dict[str, Any]]:
        """The files that the app was told of, and what became of each."""
        url = f"{self._stack.host_url}/api/deliveries"
        found: list[dict[str, Any]] = self._get(url, channel="storage", limit="1000")["deliveries"]
        return found

    def under_way(self) -> list[dict[str, Any]]:
        """The orchestrations that are pending or running."""
        url = f"{self._stack.host_url}/runtime/webhooks/durabletask/instances"
        answer = self._http.get(url, params={"runtimeStatus": "Pending,Running", "showInput": "false"})
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._storage.close()

    def _blobs(self, container: str) -> Any:
        return self._storage.get_container_client(container)

    def _post(self, url: str, body: dict[str, Any]) -> None:
        answer = self._http.post(url, json=body)
        if not answer.is_success:
            raise RuntimeError(f"{url}: {answer.status_code} {answer.text[:500]}")

    def _get(self, url: str, **params: str) -> dict[str, Any]:
        answer = self._http.get(url, params=params)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body
