"""Runs the pipelines of `infra/data_factory` as Data Factory documents its activities.

(Source: Microsoft Learn, the pages on the Web, Webhook, Azure Function, Until, If Condition, Wait, Set Variable and
Fail activities.) What a definition has that those pages do not know is an error. Time passes as it is, except that
limits of hours are cut to `patience`. What the pages leave open is decided the strict way: a failure inside of an Until
ends it, and a pause between two questions is short.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from shared.settings import APP_ROOT
from tests.data_factory.expressions import Scope, as_text, evaluate
from tests.data_factory.listener import CallbackListener

FOLDER: Final = APP_ROOT / "infra/data_factory"
#: The largest answer that a Web activity takes.
_LARGEST: Final = 4 * 1024 * 1024
_POLL_SECONDS: Final = 0.3
_SPAN: Final = re.compile(r"(?:(\d+)\.)?(\d{2}):(\d{2}):(\d{2})")
_COMMON: Final = {"name", "description", "type", "dependsOn", "userProperties", "typeProperties"}
_POLICY: Final = {"timeout", "retry", "retryIntervalInSeconds", "secureInput", "secureOutput"}
#: What each type of activity may have: beside `typeProperties`, and in them.
KNOWN: Final[Mapping[str, tuple[set[str], set[str]]]] = {
    "WebActivity": (
        {"policy"},
        {"method", "url", "headers", "body", "authentication", "httpRequestTimeout", "turnOffAsync"},
    ),
    "WebHook": ({"policy"}, {"method", "url", "headers", "body", "timeout", "reportStatusOnCallBack"}),
    "AzureFunctionActivity": ({"policy", "linkedServiceName"}, {"method", "functionName", "headers", "body"}),
    "Until": (set(), {"expression", "timeout", "activities"}),
    "IfCondition": (set(), {"expression", "ifTrueActivities", "ifFalseActivities"}),
    "Wait": (set(), {"waitTimeInSeconds"}),
    "SetVariable": (set(), {"variableName", "value"}),
    "Fail": (set(), {"message", "errorCode"}),
}


class ActivityFailedError(Exception):
    """An activity failed, and with it the pipeline."""

    def __init__(self, name: str, code: str, message: str) -> None:
        super().__init__(f"{name} failed with {code}: {message}")
        self.code = code
        self.message = message


@dataclass
class Factory:
    """A Data Factory.

    Attributes:
        listener: Where Webhook activities wait.
        secrets: The vault's secrets, by name.
        patience: Seconds that stand for any longer limit.
        requests: The URL of each request, polls included.
    """

    listener: CallbackListener
    secrets: dict[str, str]
    patience: float = 120.0
    requests: list[str] = field(default_factory=list)

    def run(self, pipeline: str, run_id: str, **parameters: Any) -> dict[str, Any]:
        """Run a pipeline; what each activity gave.

        Raises:
            ActivityFailedError: One of them failed.
        """
        return _Run(self, read("pipeline", pipeline), run_id, parameters).to_end()


class _Run:
    def __init__(self, factory: Factory, properties: dict[str, Any], run_id: str, given: dict[str, Any]) -> None:
        unknown = given.keys() - properties["parameters"].keys()
        assert not unknown, f"there are no parameters {unknown}"
        known = properties["parameters"].items()
        self._parameters = {name: given.get(name, one["defaultValue"]) for name, one in known}
        self._variables = {name: one["defaultValue"] for name, one in properties.get("variables", {}).items()}
        self._activities: list[dict[str, Any]] = properties["activities"]
        self._factory, self._run_id = factory, run_id
        self._outputs: dict[str, Any] = {}

    def to_end(self) -> dict[str, Any]:
        with httpx.Client(follow_redirects=False) as client:
            self._client = client
            self._all(self._activities)
        return self._outputs

    def _all(self, activities: list[dict[str, Any]]) -> None:
        """One after the other, each after those that it depends on."""
        left, done = list(activities), set[str]()
        while left:
            ready = next(one for one in left if {dep["activity"] for dep in one["dependsOn"]} <= done)
            left.remove(ready)
            self._one(ready)
            done.add(ready["name"])

    def _one(self, activity: dict[str, Any]) -> None:
        check_known(activity)
        name, properties = activity["name"], activity["typeProperties"]
        policy = activity.get("policy", {})
        for left in reversed(range(policy.get("retry", 0) + 1)):
            try:
                self._outputs[name] = self._do(activity, properties)
            except ActivityFailedError:
                if not left:
                    raise
            else:
                return

    def _do(  # noqa: PLR0911 - one return per type
        self, activity: dict[str, Any], properties: dict[str, Any]
    ) -> dict[str, Any]:
        name = activity["name"]
        match activity["type"]:
            case "WebActivity":
                return self._web(name, self._given(properties), self._limit(activity["policy"]["timeout"]))
            case "WebHook":
                return self._webhook(name, self._given(properties))
            case "AzureFunctionActivity":
                return self._function(name, self._given(properties), activity["linkedServiceName"])
            case "Until":
                return self._until(name, properties)
            case "IfCondition":
                held = self._given(properties["expression"])
                assert isinstance(held, bool), f"{name}: {held!r} is neither true nor false"
                self._all(properties.get("ifTrueActivities" if held else "ifFalseActivities", []))
                return {}
            case "Wait":
                time.sleep(self._given(properties["waitTimeInSeconds"]))
                return {}
            case "SetVariable":
                value = self._given(properties["value"])
                assert isinstance(value, str), f"{name}: a variable of the type String gets {value!r}"
                self._variables[properties["variableName"]] = value
                return {}
        given = self._given(properties)
        raise ActivityFailedError(name, given["errorCode"], given["message"])

    # ── Activities

    def _web(self, name: str, given: dict[str, Any], limit: float) -> dict[str, Any]:
        """Follows a 202 to where its `Location` says, until another status comes."""
        if (secret := self._secret(given)) is not None:
            return {"value": secret}
        first = span(given.get("httpRequestTimeout", "00:01:00"))
        answer = self._send(name, given["method"], given["url"], given.get("headers"), given.get("body"), first)
        deadline = time.monotonic() + limit
        while answer.status_code == 202 and not given.get("turnOffAsync", False) and "Location" in answer.headers:
            if time.monotonic() > deadline:
                raise ActivityFailedError(name, "Timeout", "it was still 202")
            time.sleep(_POLL_SECONDS)
            answer = self._send(name, "GET", answer.headers["Location"], None, None, first)
        return self._object(name, answer)

    def _function(self, name: str, given: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
        service = read("linkedService", reference["referenceName"])
        known = {key: one["defaultValue"] for key, one in service["parameters"].items()}
        values = known | self._given(reference["parameters"])
        scope: Scope = {"linkedService": lambda: values}
        properties = service["typeProperties"]
        key = self._factory.secrets[properties["functionKey"]["secretName"]]
        url = f"{evaluate(properties['functionAppUrl'], scope)}/api/{given['functionName']}"
        headers = {**given["headers"], "x-functions-key": key}
        return self._object(name, self._send(name, given["method"], url, headers, given["body"], 230.0))

    def _webhook(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """Adds `callBackUri` to the body; the call has a minute, and the callback what the activity gives it."""
        address = self._factory.listener.address()
        body = {**given["body"], "callBackUri": address}
        self._object(name, self._send(name, given["method"], given["url"], given["headers"], body, 60.0))
        told = self._factory.listener.wait(address, self._limit(given.get("timeout", "00:10:00")))
        if told is None:
            raise ActivityFailedError(name, "TimedOut", "nobody called back")
        if given.get("reportStatusOnCallBack", False) and int(told.get("StatusCode", "200")) >= 400:
            raise ActivityFailedError(name, told["Error"]["ErrorCode"], told["Error"]["Message"])
        output: dict[str, Any] = told["Output"]
        return output

    def _until(self, name: str, properties: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + self._limit(properties["timeout"])
        while True:
            self._all(properties["activities"])
            if self._given(properties["expression"]) is True:
                return {}
            if time.monotonic() > deadline:
                raise ActivityFailedError(name, "Timeout", "it did not come true")

    # ── How

    def _given(self, value: Any) -> Any:
        scope: Scope = {
            "pipeline": lambda: {"RunId": self._run_id, "parameters": self._parameters},
            "activity": lambda name: {"output": self._outputs[name]},
            "variables": lambda name: self._variables[name],
        }
        return evaluate(value, scope)

    def _secret(self, given: dict[str, Any]) -> str | None:
        """What Key Vault answers to whoever comes with a token for it."""
        found = re.fullmatch(r"https://[\w-]+\.vault\.azure\.net/secrets/([\w-]+)\?api-version=7\.\d", given["url"])
        if found is None:
            return None
        assert given["authentication"] == {"type": "MSI", "resource": "https://vault.azure.net"}
        return self._factory.secrets[found[1]]

    def _send(  # noqa: PLR0917 - a request in its parts
        self, name: str, method: str, url: str, headers: dict[str, str] | None, body: Any, seconds: float
    ) -> httpx.Response:
        self._factory.requests.append(f"{method} {url}")
        content = None if body is None else body if isinstance(body, str) else json.dumps(body)
        try:
            return self._client.request(method, url, headers=headers, content=content, timeout=seconds)
        except httpx.HTTPError as error:
            raise ActivityFailedError(name, "UserErrorFailedToSend", repr(error)) from error

    def _object(self, name: str, answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code >= 400 or answer.is_redirect:
            raise ActivityFailedError(name, str(answer.status_code), answer.text)
        assert len(answer.content) <= _LARGEST
        value = answer.json()
        if not isinstance(value, dict):
            raise ActivityFailedError(name, "3608", "Response Content is not a valid JObject")
        return value

    def _limit(self, text: str) -> float:
        return min(span(text), self._factory.patience)


def check_known(activity: Mapping[str, Any]) -> None:
    """An activity has nothing that its page does not know."""
    beside, within = KNOWN[activity["type"]]
    assert activity.keys() <= _COMMON | beside, activity["name"]
    assert activity["typeProperties"].keys() <= within, activity["name"]
    assert activity.get("policy", {}).keys() <= _POLICY, activity["name"]


def read(folder: str, name: str) -> dict[str, Any]:
    """The properties of a definition; the file is called as what it defines."""
    definition = json.loads(Path(FOLDER / folder / f"{name}.json").read_text())
    assert definition["name"] == name
    properties: dict[str, Any] = definition["properties"]
    return properties


def span(text: str) -> float:
    """`d.hh:mm:ss` in seconds."""
    found = _SPAN.fullmatch(text)
    assert found is not None, f"{as_text(text)} is no time span"
    days, hours, minutes, seconds = (int(one or 0) for one in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60.0 + seconds
