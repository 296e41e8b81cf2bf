import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.complaints import plain_complaint
from shared.platforms.azureml.errors import (
    FORBIDDEN,
    INVALID_DEFINITION,
    MESSAGE_LIMIT,
    azureml_errors,
    definition_errors,
    found,
    retry_after,
    shown,
    shown_ends,
)
from shared.platforms.log_ends import ERROR_LIMIT


def _answer(status: int, code: str = "UserError", message: str = "No.") -> Mock:
    """What the SDK keeps of an HTTP answer."""
    body = f'{{"error": {{"code": "{code}", "message": "{message}"}}}}'
    return Mock(status_code=status, reason="Refused", text=lambda: body, headers={})


def _http(status: int, code: str = "UserError", message: str = "No.") -> HttpResponseError:
    return HttpResponseError(message="refused", response=_answer(status, code, message))


def _validation(message: str) -> Exception:
    from azure.ai.ml.exceptions import ErrorCategory, ErrorTarget, ValidationErrorType, ValidationException

    error: Exception = ValidationException(
        message=message,
        no_personal_data_message="",
        target=ErrorTarget.PIPELINE,
        error_category=ErrorCategory.USER_ERROR,
        error_type=ValidationErrorType.INVALID_VALUE,
    )
    return error


def _raised(error: Exception) -> Exception:
    with pytest.raises((PermanentError, TransientError)) as caught, azureml_errors("submit job j"):
        raise error
    assert "submit job j" in str(caught.value)
    return caught.value


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_or_broken_service_is_transient(status: int) -> None:
    """Its own words are kept, with the status."""
    error = _raised(_http(status, "TooManyRequests", "Slow down."))
    assert isinstance(error, TransientError)
    assert "Slow down." in str(error)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    "raised",
    [
        ServiceRequestError("refused"),
        ServiceResponseError("dropped"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("dropped"),
        DecodeError("not JSON", response=_answer(200)),
    ],
)
def test_a_service_that_cannot_be_heard_is_transient(raised: Exception) -> None:
    """Unreachable, late, dropped or garbled: a later attempt may succeed."""
    assert isinstance(_raised(raised), TransientError)


@pytest.mark.parametrize("status", [401, 403])
def test_an_identity_without_a_role_is_told_which_one(status: int) -> None:
    """Trying again cannot help; the remedy is in the message."""
    error = _raised(_http(status, "AuthorizationFailed", "The client may not write jobs."))
    assert isinstance(error, PermanentError)
    assert error.code == FORBIDDEN
    assert "The client may not write jobs." in error.message
    assert "AzureML Data Scientist" in error.message


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (403, "AuthorizationFailed", "on the workspace"),
        (400, "OutOfQuota", "in that region"),
        (503, "Busy", "(503 Busy)"),
    ],
)
def test_a_long_message_leaves_room_for_the_remedy(status: int, code: str, remedy: str) -> None:
    """Whoever cuts all at the same length shows the remedy, too."""
    told = str(_raised(_http(status, code, "The client may not. " * 100)))
    assert told.endswith(remedy)
    assert "The client may not." in told
    assert len(told) <= MESSAGE_LIMIT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "900"}, 900),
        ({"retry-after-ms": "20", "Retry-After": "1"}, 0.02),
        ({"X-MS-Retry-After-MS": "1500"}, 1.5),
        ({"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_a_service_says_when_it_may_be_asked_again(headers: dict[str, str], seconds: float | None) -> None:
    """In seconds, in milliseconds, or as a date."""
    assert retry_after(headers) == seconds


def test_a_transient_error_carries_when_to_ask_again() -> None:
    """Its message ends with it, also where the service has said a lot."""
    answer = _answer(429, "TooManyRequests", "Slow down. " * 100)
    answer.headers = {"Retry-After": "900"}
    error = _raised(HttpResponseError(message="refused", response=answer))
    assert isinstance(error, TransientError)
    assert error.retry_after == 900
    assert str(error).endswith("(429 TooManyRequests) (again in 900 s)")
    assert len(str(error)) <= MESSAGE_LIMIT


def test_a_token_that_cannot_be_had_may_be_had_later() -> None:
    """An identity that does not answer for a moment must not end a wait of hours; the remedy is told."""
    error = _raised(ClientAuthenticationError("no token from any credential"))
    assert isinstance(error, TransientError)
    assert "no token from any credential" in str(error)
    assert "AzureML Data Scientist" in str(error)


@pytest.mark.parametrize(
    ("status", "code"), [(403, "QuotaExceeded"), (400, "OutOfQuota"), (403, "Forbidden"), (409, "QuotaExceeded")]
)
def test_a_quota_is_not_mistaken_for_a_missing_role(status: int, code: str) -> None:
    """It keeps the service's code, and the remedy is another."""
    error = _raised(_http(status, code, "The quota of 4 cores is used up."))
    assert isinstance(error, PermanentError)
    assert error.code == code
    assert "more quota" in error.message
    assert "Data Scientist" not in error.message


def test_any_other_refusal_keeps_the_services_code_and_words() -> None:
    """So that a caller can tell them apart."""
    error = _raised(_http(409, "Conflict", "modelUri is immutable"))
    assert isinstance(error, PermanentError)
    assert error.code == "Conflict"
    assert "modelUri is immutable" in error.message


def test_a_refusal_without_a_body_has_a_code_all_the_same() -> None:
    """It is made of the status."""
    answer = Mock(status_code=410, reason="Gone", text=lambda: "", headers={})
    error = _raised(HttpResponseError(message="gone", response=answer))
    assert isinstance(error, PermanentError)
    assert error.code == "Http410"


def test_what_is_wrong_in_a_file_is_an_invalid_definition() -> None:
    """Whether the SDK says so itself or rewrites it for a terminal."""
    from azure.ai.ml.exceptions import MlException

    rewritten = MlException(message="\x1b[31mError: Met error\x1b[39m", no_personal_data_message="")
    for raised in (_validation("no compute"), rewritten):
        error = _raised(raised)
        assert isinstance(error, PermanentError)
        assert error.code == INVALID_DEFINITION
        assert "\x1b" not in error.message


def test_an_answer_that_the_sdk_wrapped_is_taken_for_what_it_was() -> None:
    """An upload that met a busy service is not the fault of a file."""
    wrapped = _validation("upload failed")
    wrapped.__cause__ = _http(503, "ServerBusy", "Later.")
    assert isinstance(_raised(wrapped), TransientError)


def test_other_complaints_of_the_sdk_keep_their_kind() -> None:
    """Its exception is the code where the service has none."""
    from azure.ai.ml.exceptions import UserErrorException

    error = _raised(UserErrorException("not like this"))
    assert isinstance(error, PermanentError)
    assert error.code == "UserErrorException"


def test_our_own_errors_pass() -> None:
    """They say already what they mean."""
    mine = PermanentError("Mine", "as it is")
    with pytest.raises(PermanentError) as caught, azureml_errors("anything"):
        raise mine
    assert caught.value is mine


@pytest.mark.parametrize("status", [404, 403, 429])
def test_an_answer_to_httpx_is_read_as_one_to_the_sdk(status: int) -> None:
    """Both ways lead to the same service."""
    answer = httpx.Response(status, json={"error": {"code": "TooManyRequests", "message": "Words."}})
    answer.request = httpx.Request("GET", "https://ml")
    with pytest.raises((PermanentError, TransientError), match=r"Words\."), azureml_errors("read"):
        answer.raise_for_status()


def test_the_tracking_api_has_errors_of_its_own_form() -> None:
    """MLflow's code is the code then."""
    answer = httpx.Response(400, json={"error_code": "INVALID_PARAMETER_VALUE", "message": "No such run."})
    answer.request = httpx.Request("GET", "https://ml")
    with pytest.raises(PermanentError, match="No such run") as caught, azureml_errors("read"):
        answer.raise_for_status()
    assert caught.value.code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    "raised", [KeyError("jobs"), AttributeError("x"), Exception("plain"), FileNotFoundError("none")]
)
def test_whatever_the_parser_raises_the_file_is_named(raised: Exception) -> None:
    """The SDK's parser has no error of its own for each mistake."""
    with pytest.raises(PermanentError, match=r"train\.yml") as caught, definition_errors(Path("train.yml")):
        raise raised
    assert caught.value.code == INVALID_DEFINITION


def _absent(code: str, message: str) -> Any:
    def call() -> None:
        raise ResourceNotFoundError(message="absent", response=_answer(404, code, message))

    return call


def test_what_is_absent_is_none() -> None:
    """A 404 of the thing itself is an answer."""
    assert found("read job j", _absent("UserError", "Cannot find job j")) is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceGroupNotFound", "Resource group 'g' could not be found."),
        (
            "ResourceNotFound",
            "The Resource 'Microsoft.MachineLearningServices/workspaces/w' under resource group 'g' was not found.",
        ),
    ],
)
def test_a_workspace_that_is_absent_says_nothing_of_its_jobs(code: str, message: str) -> None:
    """A job in it has not vanished: the setting is wrong."""
    with pytest.raises(PermanentError) as caught:
        found("read job j", _absent(code, message))
    assert caught.value.code == code


def test_an_endpoint_that_is_absent_is_not_its_workspace() -> None:
    """Resource Manager says it in the same words."""
    message = "The Resource 'Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/e' under resource group 'g'"
    assert found("read the endpoint e", _absent("ResourceNotFound", message)) is None


_SCHEMA = """Validation for PipelineJobSchema failed:

 {"result": "Failed", "errors": [{"message": "Missing data for required field.", "path": "jobs.train.component",
  "value": null, "location": "/fleet/train.yml#line 3"}]}

 If you are trying to configure an entity that is not of type pipeline, please specify the correct type.

Visit this link to refer to the PipelineJob schema if needed: https://example.invalid."""


def test_a_mistake_in_a_file_is_told_by_its_key_and_line() -> None:
    """Without the document around it, and without the SDK's advice."""
    with pytest.raises(PermanentError) as caught, definition_errors(Path("train.yml")):
        raise ValueError(_SCHEMA)
    assert caught.value.message == (
        "Azure ML cannot take train.yml: jobs.train.component (/fleet/train.yml, line 3): Missing data for required "
        "field; a step says `component: FILE`, or `type: command` with `command`, `environment` and `code`"
    )


def test_a_file_that_is_not_there_is_told_of_all_that_a_step_may_be() -> None:
    """The SDK tells of each form why it is not that one."""
    told = "{'component': ['Anonymous assets', ['No such file or directory: /fleet/nothere.yml']]}; {'command': ['x']}"
    document = json.dumps({"errors": [{"path": "jobs.train", "message": told}]})
    assert plain_complaint(document) == "jobs.train: there is no file /fleet/nothere.yml"


@given(st.text())
def test_a_log_is_one_line_and_keeps_its_end(text: str) -> None:
    """There it says why it ended."""
    told = shown_ends(text)
    assert len(told) <= ERROR_LIMIT
    assert len(told.splitlines()) <= 1
    assert shown_ends(text + " ValueError: no carrier").endswith("ValueError: no carrier")


@given(st.text())
def test_any_complaint_is_told(text: str) -> None:
    """Also one that is of no known form."""
    assert plain_complaint(text) or not text


@given(st.text())
def test_a_message_is_one_line_and_capped(text: str) -> None:
    """Whatever a service says."""
    told = shown(text)
    assert len(told) <= MESSAGE_LIMIT
    assert len(told.splitlines()) <= 1
