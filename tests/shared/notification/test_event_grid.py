"""A topic of Event Grid as a channel: what is posted, as whom, and to whom a token is never shown."""

import pytest
from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestError

from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.notification import event_grid
from shared.notification.bodies import body_of
from shared.notification.channels import channel
from tests.shared.notification.test_bodies import MESSAGE

TOPIC = "https://evgt-demand.westeurope-1.eventgrid.azure.net/api/events"


class _Credential:
    def __init__(self, error: AzureError | None = None) -> None:
        self.asked: list[str] = []
        self._error = error

    def get_token(self, scope: str) -> "_Credential":
        self.asked.append(scope)
        if self._error:
            raise self._error
        return self

    token = "abc"


class _Posted:
    """Stands for httpx: keeps what was posted, and takes it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.headers: dict[str, str] = {}
        self.body: dict[str, object] = {}
        monkeypatch.setattr("httpx.post", self._post)

    def _post(self, _: str, *, json: dict[str, object], headers: dict[str, str], **__: object) -> "_Posted":
        self.headers, self.body = headers, json
        return self

    status_code = 200


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> _Posted:
    """What reached the topic."""
    return _Posted(monkeypatch)


def test_a_message_is_an_event_that_is_sent_by_identity(posted: _Posted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is for Event Grid, and the event has the message's key as its id."""
    credential = _Credential()
    monkeypatch.setattr(event_grid, "_credential", lambda: credential)
    channel("eventgrid:events", {"eventgrid_events": TOPIC}).send(MESSAGE)
    assert credential.asked == ["https://eventgrid.azure.net/.default"]
    assert posted.headers["Authorization"] == "Bearer abc"
    assert posted.headers["Content-Type"].startswith("application/cloudevents+json")
    assert posted.body == body_of("eventgrid", MESSAGE)
    assert (posted.body["id"], posted.body["specversion"]) == (MESSAGE.key, "1.0")
    assert posted.body["data"] == MESSAGE.to_wire()


@pytest.mark.parametrize(
    "address",
    [
        "https://contoso.example/api/events",
        "https://eventgrid.azure.net.contoso.example/api/events",
        "https://x.eventgrid.azure.net@contoso.example/",
        "http://evgt-demand.westeurope-1.eventgrid.azure.net/api/events",
        "",
    ],
)
def test_a_token_is_shown_to_topics_of_azure_only(address: str) -> None:
    """Whatever else an address is, it is refused before any token is asked for."""
    with pytest.raises(ConfigurationError, match="eventgrid:events"):
        channel("eventgrid:events", {"eventgrid_events": address})


@pytest.mark.parametrize(
    ("error", "kind"),
    [(ClientAuthenticationError("no"), PermanentError), (ServiceRequestError("down"), TransientError)],
)
def test_no_token_is_told(error: AzureError, kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an identity nothing can be sent; while Entra ID is down it can be tried again."""
    monkeypatch.setattr(event_grid, "_credential", lambda: _Credential(error))
    with pytest.raises(kind, match="eventgrid:events"):
        event_grid.topic_channel("eventgrid:events", TOPIC, pause=lambda _: None).send(MESSAGE)
