"""What azure-ai-ml and Azure ML's services raise, mapped to our errors in one place."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.errors import PermanentError, SignalboxError, TransientError, asked_again
from shared.platforms.azureml.complaints import plain_complaint
from shared.platforms.log_ends import ERROR_LIMIT, log_ends

if TYPE_CHECKING:
    import httpx
    from azure.core.exceptions import AzureError

#: Longest text of a service's own message that is passed on, in characters; with what we add, where that is a remedy.
MESSAGE_LIMIT: Final = 500
#: So much of the service's own words stays, however long the rest is.
_LEAST_WORDS: Final = 80
#: Code of a definition, a YAML file of Azure ML, that is refused here or there.
INVALID_DEFINITION: Final = "InvalidDefinition"
#: Code where the identity may not do what was asked.
FORBIDDEN: Final = "AzureMlForbidden"

_BUSY: Final = frozenset({408, 425, 429})
_SERVICE: Final = "Azure ML"
_ROLE: Final = "give the app's managed identity the role AzureML Data Scientist on the workspace"
_QUOTA: Final = "free some of it, or ask Azure for more quota in that region"
#: What Resource Manager answers when the place of a thing is missing, not the thing.
_NO_PLACE: Final = frozenset({"SubscriptionNotFound", "ResourceGroupNotFound"})
_NO_WORKSPACE: Final = re.compile(r"/workspaces/[^/'\"]+['\"] under resource group", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
#: The SDK paints its complaints for a terminal.
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")


@contextmanager
def azureml_errors(operation: str, *, service: str = _SERVICE, role: str = _ROLE) -> Iterator[None]:
    """Map what calls to Azure ML raise: `PermanentError` or `TransientError`, with the service's own words.

    Args:
        operation: What was tried, for the message: `read job nightly-1`.
        service: Who was asked, where it is not Azure ML.
        role: What to do where the app's identity may not do that.
    """
    import httpx  # noqa: PLC0415 - loaded at first use, as the SDK
    from azure.core.exceptions import AzureError  # noqa: PLC0415 - vendor SDKs are loaded at first use

    try:
        yield
    except AzureError as error:
        raise _sdk_error(error, operation) from error
    except httpx.HTTPStatusError as error:
        code, message = _body_error(error.response.text)
        status = error.response.status_code
        told = message or error.response.reason_phrase
        wait = retry_after(error.response.headers)
        raise _refusal(operation, status, code, told, service=service, role=role, wait=wait) from error
    except httpx.HTTPError as error:
        raise _unreachable(operation, error, service) from error


@contextmanager
def definition_errors(file: Path) -> Iterator[None]:
    """Map what the SDK raises while it reads a YAML file: all of it means that the file is wrong.

    Raises:
        PermanentError: `InvalidDefinition`, naming the file.
    """
    try:
        yield
    except SignalboxError:
        raise
    except Exception as error:  # the SDK's parser raises KeyError, AttributeError and plain Exception as well
        msg = f"Azure ML cannot take {file}: {shown(plain_complaint(_text(error)))}"
        raise PermanentError(INVALID_DEFINITION, msg) from error


def found[T](operation: str, call: Callable[[], T]) -> T | None:
    """What a call answers; `None` when the thing that it asks for is absent. Errors as in `azureml_errors`.

    Raises:
        PermanentError: The workspace itself is absent: then nothing can be said about what is in it.
    """
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - vendor SDKs are loaded at first use

    with azureml_errors(operation):
        try:
            return call()
        except ResourceNotFoundError as error:
            code, message = service_error(error)
            if code in _NO_PLACE or _NO_WORKSPACE.search(message):
                raise
            return None


def service_error(error: "AzureError") -> tuple[str, str]:
    """The code and the message of the service itself; empty where it sent none."""
    told = getattr(error, "error", None)
    code, message = getattr(told, "code", None), getattr(told, "message", None)
    if code or message:
        return str(code or ""), str(message or "")
    response: Any = getattr(error, "response", None)
    try:
        return _body_error(response.text()) if response is not None else ("", "")
    except Exception:  # noqa: BLE001 - a body that was cut off tells nothing, whatever its reader raises
        return "", ""


def json_object(response: "httpx.Response", operation: str) -> dict[str, Any]:
    """The JSON object that an answer is.

    Raises:
        TransientError: It is something else: what stands between us and the service has answered, or it broke off.
    """
    try:
        body = response.json()
    except ValueError as error:
        raise TransientError(f"Azure ML could not {operation}: its answer is not JSON") from error
    if not isinstance(body, dict):
        raise TransientError(f"Azure ML could not {operation}: its answer is not a JSON object")
    return body


def shown(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """A message as it is passed on: one line, without a terminal's colours, its beginning where it is too long."""
    plain = _one_line(text)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def shown_ends(text: str, limit: int = ERROR_LIMIT) -> str:
    """Likewise of a log: where it is too long, some words of its beginning, and its end, where it says why."""
    return log_ends(_one_line(text), limit)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """For how many seconds a service asks not to be asked again; `None` where it does not say.

    Sources: RFC 9110, section 10.2.3 (seconds, or a date); Azure's REST guidelines (`retry-after-ms`).
    """
    told = {str(name).lower(): str(value) for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 1000), ("x-ms-retry-after-ms", 1000), ("retry-after", 1)):
        if _NUMBER.fullmatch(text := told.get(name, "").strip()):
            return float(text) / unit
    try:
        date = parsedate_to_datetime(told["retry-after"])
    except (KeyError, ValueError):
        return None
    return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


def _sdk_error(error: "AzureError", operation: str) -> PermanentError | TransientError:
    from azure.ai.ml.exceptions import (  # noqa: PLC0415 - vendor SDKs are loaded at first use
        AssetException,
        AssetPathException,
        EmptyDirectoryError,
        MlException,
        ValidationException,
    )
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415 - likewise

    if isinstance(error, MlException):
        cause = _transport_cause(error)
        if cause is not None:
            return _sdk_error(cause, operation)
        of_files = (ValidationException, AssetException, AssetPathException, EmptyDirectoryError)
        # where it has a longer text for a mistake in a file, the SDK raises that as its root exception
        invalid = isinstance(error, of_files) or type(error) is MlException
        code = INVALID_DEFINITION if invalid else type(error).__name__
        return PermanentError(code, f"Azure ML could not {operation}: {shown(plain_complaint(_text(error)))}")
    status = getattr(error, "status_code", None)
    if status is None:
        if isinstance(error, ClientAuthenticationError):  # no token: an identity that does not answer now, or none
            what = f"Azure ML could not {operation}, for want of a token: "
            return TransientError(_fitted(what, _text(error), f"; {_ROLE}"))
        return _unreachable(operation, error)
    code, message = service_error(error)
    wait = retry_after(getattr(getattr(error, "response", None), "headers", None) or {})
    return _refusal(operation, int(status), code, message or _text(error), wait=wait)


def _refusal(
    operation: str,
    status: int,
    code: str,
    message: str,
    *,
    service: str = _SERVICE,
    role: str = _ROLE,
    wait: float | None = None,
) -> PermanentError | TransientError:
    """What an answer other than yes means."""
    what = f"{service} could not {operation}: "
    if status in _BUSY or status >= 500 or status < 400:  # below 400: an answer that could not be read
        told = f" ({status} {code})" if code else f" ({status})"
        room = 0 if wait is None else len(asked_again(wait)) + 1
        return TransientError(_fitted(what, message, told, MESSAGE_LIMIT - room), wait)
    if "quota" in code.lower() or (status == 403 and "quota" in message.lower()):
        return PermanentError(code or "QuotaExceeded", _fitted(what, message, f"; {_QUOTA}"))
    if status in (401, 403):
        return PermanentError(FORBIDDEN, _fitted(what, message, f"; {role}"))
    return PermanentError(code or f"Http{status}", what + shown(message))


def _fitted(before: str, words: str, after: str, limit: int = MESSAGE_LIMIT) -> str:
    """The service's words between ours, cut so that the whole is shown: who reads it needs the end, the remedy."""
    return before + shown(words, max(limit - len(before) - len(after), _LEAST_WORDS)) + after


def _unreachable(operation: str, error: Exception, service: str = _SERVICE) -> TransientError:
    return TransientError(f"{service} did not answer to {operation}: {shown(_text(error))}")


def _transport_cause(error: BaseException) -> "AzureError | None":
    """What a service answered, or did not, where the SDK wrapped that in an error of its own."""
    from azure.ai.ml.exceptions import MlException  # noqa: PLC0415 - vendor SDKs are loaded at first use
    from azure.core.exceptions import AzureError  # noqa: PLC0415 - likewise

    cause = error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, AzureError) and not isinstance(cause, MlException):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None


def _body_error(text: str) -> tuple[str, str]:
    """Code and message of an answer, of Resource Manager's form or MLflow's; all of any other text is the message."""
    try:
        body = json.loads(text)
        error = body.get("error") or {"code": body["error_code"], "message": body.get("message")}
        return str(error.get("code") or ""), str(error.get("message") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", text


def _one_line(text: str) -> str:
    return " ".join(_COLOURS.sub("", text).split())


def _text(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__
