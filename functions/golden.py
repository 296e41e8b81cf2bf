"""Golden sets of a fleet, and asking a deployment for their predictions. All calls block: use `run_blocking`."""

from collections.abc import Sequence
from typing import Any, Final

from functions import adapters
from shared.contracts.platform_models import Answered
from shared.errors import PermanentError, TransientError
from shared.release.analysis import in_requests
from shared.release.golden import GoldenSet, read_golden

#: Seconds for a whole set: the platform asks for three minutes, and the last request may take one more.
ASKING_TIMEOUT: Final = 240.0


def golden_set(fleet: str, relative: str) -> tuple[GoldenSet, bytes]:
    """A golden set, read, and its file's content.

    Raises:
        PermanentError: `GoldenSetMissing`, `GoldenSetInvalid`.
    """
    try:
        content = adapters.fleet_file(fleet, relative).read_bytes()
    except FileNotFoundError as error:
        code = "GoldenSetMissing"
        raise PermanentError(code, f"The golden set {relative} of the fleet {fleet} does not exist.") from error
    return read_golden(content, relative), content


def requests_of(golden: GoldenSet) -> list[list[dict[str, Any]]]:
    """The inputs, divided into requests."""
    return in_requests([dict(row) for row in golden.inputs])


def ask_golden(golden: GoldenSet, endpoint: str, deployment: str) -> tuple[list[Answered], list[float | None]]:
    """What became of each request, and the predictions of all rows.

    A request that fails is asked once more for its predictions, as a client would; it counts as failed all the same.

    Raises:
        TransientError: The deployment cannot be reached yet, which says nothing of the version.
    """
    platform, requests = adapters.platform(), requests_of(golden)
    # Not counted: a model may be loaded by the first request, and its container be up only a moment later.
    _require_reached(platform.probe(endpoint, requests[:1], deployment))
    answers = platform.probe(endpoint, requests, deployment)
    _require_reached(answers)
    lost = [number for number, one in enumerate(answers) if one.error is not None]
    again = platform.probe(endpoint, [requests[number] for number in lost], deployment) if lost else []
    final = list(answers)
    for number, one in zip(lost, again, strict=False):
        final[number] = one
    predictions = [number for one in final for number in one.predictions]
    return answers, [*predictions, *[None] * (len(golden.inputs) - len(predictions))]


def _require_reached(answers: Sequence[Answered]) -> None:
    if answers and all(one.error is not None and one.may_heal for one in answers):
        raise TransientError(answers[0].error or "no request was answered")
