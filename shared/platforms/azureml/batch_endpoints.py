"""Scoring a folder with a batch endpoint.

The call is ours, not the SDK's `invoke`: that one repeats the POST up to five times under one random id per call, and
keeps the headers of a call to an online endpoint.
"""

import uuid
from typing import Any, Final

from shared.contracts.jobs import NAME_TAKEN, JobState
from shared.errors import PermanentError, TransientError
from shared.names import content_hash
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors, found, json_object
from shared.platforms.azureml.jobs import AzureMlJobs
from shared.platforms.azureml.paths import datastore_uri
from shared.platforms.azureml.scoring import DEPLOYMENT_HEADER

#: What Azure must allow: a batch endpoint is found and asked for a job; nothing of it is made here.
PERMISSIONS: Final = (
    "Microsoft.MachineLearningServices/workspaces/batchEndpoints/read",
    "Microsoft.MachineLearningServices/workspaces/batchEndpoints/jobs/write",
)
#: Header that makes a POST repeatable: one id is one job. Spelled as the SDK spells it.
_REPEATABILITY_HEADER: Final = "repeatability_request-id"
#: Whom a batch endpoint wants a token for.
_SCOPE: Final = "https://ml.azure.com/.default"
_SPACE: Final = uuid.UUID("5f0f4f3e-52d5-4d53-9d0a-6b0c7d0f8a61")
_INPUT: Final = "data"
#: A model's batch deployment has this one output, a file (Microsoft: "Create jobs and input data for batch endpoints").
_OUTPUT: Final = "score"
_FILE: Final = "predictions.csv"
#: In which the service notes whose job it is.
_ENDPOINT_PROPERTY: Final = "azureml.endpointname"


class BatchEndpoints:
    """Starts jobs of batch endpoints. Instances are thread-safe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._jobs = AzureMlJobs(connection)

    def invoke(self, endpoint: str, name: str, data: str, deployment: str | None) -> JobState:
        """Start to score a folder, as a job of this name; the same job is adopted.

        The endpoint's model or pipeline takes its rows from an input `data`, and leaves its predictions in an output
        `score`; they are written into the data container, as the outputs of any job.

        The service may give the job a name of its own: then that is the state's name, and asking again for the same
        gives the same job, as long as the service remembers the request.

        Raises:
            PermanentError: `NotFound`; `JobNameTaken`: another job has the name.
        """
        folder = datastore_uri(self._connection, data)
        there = self._find(name)
        if there is not None:
            _require_same(there, endpoint, name, folder)
            return self._jobs.read_job(name) or JobState(name=name, status=str(there.status))
        body = _body(name, folder, datastore_uri(self._connection, f"jobs/{name}/{_OUTPUT}/{_FILE}"))
        answer = self._post(endpoint, body, name, deployment)
        properties = answer.get("properties") or {}
        return JobState(name=str(answer.get("name") or name), status=str(properties.get("status") or "NotStarted"))

    def _find(self, name: str) -> Any | None:
        jobs = self._connection.client.jobs
        return found(f"read job {name}", lambda: jobs.get(name))

    def _post(self, endpoint: str, body: dict[str, Any], name: str, deployment: str | None) -> dict[str, Any]:
        headers = {_REPEATABILITY_HEADER: self._request_id(endpoint, body, deployment)}
        if deployment:
            headers[DEPLOYMENT_HEADER] = deployment
        operation = f"start job {name} of the batch endpoint {endpoint}"
        with azureml_errors(operation):
            headers["Authorization"] = f"Bearer {self._connection.token(_SCOPE)}"
            response = self._connection.http.post(self._scoring_uri(endpoint), json=body, headers=headers)
            response.raise_for_status()
        return json_object(response, operation)

    def _scoring_uri(self, endpoint: str) -> str:
        endpoints = self._connection.client.batch_endpoints
        there = found(f"read the batch endpoint {endpoint}", lambda: endpoints.get(endpoint))
        if there is None:
            raise PermanentError("NotFound", f"there is no batch endpoint {endpoint}: make it first, with a deployment")
        if not there.scoring_uri:
            raise TransientError(f"the batch endpoint {endpoint} has no scoring URI yet")
        return str(there.scoring_uri)

    def _request_id(self, endpoint: str, body: dict[str, Any], deployment: str | None) -> str:
        """The same for the same request, whichever attempt it is."""
        asked = content_hash(self._connection.workspace.arm_id, endpoint, body, deployment, length=64)
        return str(uuid.uuid5(_SPACE, asked))


def _body(name: str, folder: str, predictions: str) -> dict[str, Any]:
    """What the scoring URI takes (the SDK's `BatchJobSchema`)."""
    inputs = {_INPUT: {"jobInputType": "UriFolder", "uri": folder}}
    outputs = {_OUTPUT: {"jobOutputType": "UriFile", "uri": predictions}}
    return {"properties": {"inputData": inputs, "outputData": outputs, "name": name}}


def _require_same(job: Any, endpoint: str, name: str, folder: str) -> None:
    """Refuse a job that has the name already and is another one.

    A batch job takes no tags, so it is known by what it is: the endpoint's, over this folder.
    """
    scored = str(getattr((job.inputs or {}).get(_INPUT), "path", None) or "")
    of_whom = (job.properties or {}).get(_ENDPOINT_PROPERTY, endpoint)
    if of_whom != endpoint or _datastore_path(scored) != _datastore_path(folder):
        msg = f"a job named {name} exists already, and is not {endpoint} over {folder}: give this one another name"
        raise PermanentError(NAME_TAKEN, msg)


def _datastore_path(uri: str) -> str:
    """The part of a datastore's URI that its short and its long form share."""
    return uri[uri.find("datastores/") :].rstrip("/")
