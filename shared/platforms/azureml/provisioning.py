"""Where endpoints and deployments stand while they are made and changed, and what a conflict over one of them means."""

import re
from collections.abc import Callable
from typing import Any, Final

from shared.errors import PermanentError, TransientError

#: Azure ML's `provisioning_state` of what is being changed, and cannot be changed otherwise at the same time.
BUSY: Final = frozenset({"Creating", "Updating", "Scaling", "Deleting"})
DELETING: Final = "Deleting"
FAILED: Final = "Failed"
#: What services say when they mean "later": in a code (`AnotherOperationInProgress`), or in words.
_LATER: Final = re.compile(
    r"in ?progress|already running|another operation|being (?:created|changed|updated|deleted)", re.IGNORECASE
)


def state_of(resource: Any) -> str:
    """The `provisioning_state` of an entity, or of a resource's properties, as plain text."""
    state = resource.provisioning_state
    return str(getattr(state, "value", state))


def is_leaving(resource: Any | None) -> bool:
    """Whether a resource is gone, or on its way: there is nothing to delete any more."""
    return resource is None or state_of(resource.properties) == DELETING


def unless_busy[T](start: Callable[[], T], is_changing: Callable[[], bool]) -> T:
    """Start an operation; a conflict (409) is a reason to ask again only if an earlier change is under way.

    There are conflicts that no waiting ends: a lock, a name that another one has. Azure ML documents no code that tells
    the two apart, so where the answer does not say it, the resource does. An earlier change may have ended between the
    answer and that look, so a conflict over what stands still is asked for once more.

    Args:
        start: Starts it, with errors as in `azureml_errors`.
        is_changing: Whether the resource is really being changed.

    Raises:
        TransientError: The service is busy with an earlier change.
        PermanentError: It refuses, in its own words.
    """
    try:
        return start()
    except PermanentError as error:
        if not _is_conflict(error):
            raise
        _tell_busy(error, is_changing)
    try:
        return start()
    except PermanentError as error:
        if _is_conflict(error):
            _tell_busy(error, is_changing)
        raise


def _is_conflict(error: PermanentError) -> bool:
    return getattr(error.__cause__, "status_code", None) == 409


def _tell_busy(error: PermanentError, is_changing: Callable[[], bool]) -> None:
    if _LATER.search(f"{error.code} {error.message}") or is_changing():
        raise TransientError(f"{error.message} (an earlier change is under way)") from error
