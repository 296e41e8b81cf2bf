"""A channel over HTTP: what it follows, how often it tries, and what it tells of its address."""

import logging
from collections.abc import Iterator

import pytest

from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.notification.channels import channel
from shared.notification.webhook import WebhookChannel
from tests.doubles.chat import Chat, chat
from tests.shared.notification.test_bodies import MESSAGE


@pytest.fixture
def room() -> Iterator[Chat]:
    """Where messages are posted."""
    with chat() as found:
        yield found


def _channel(room: Chat, pauses: list[float] | None = None) -> WebhookChannel:
    pause = (pauses if pauses is not None else []).append
    return WebhookChannel("teams:demand", "teams", f"{room.url}/teams/secret", pause)


def test_a_message_is_posted_once(room: Chat) -> None:
    """What the channel takes is not sent again."""
    _channel(room).send(MESSAGE)
    assert [path for path, _ in room.posted] == ["/teams/secret"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_channel_is_asked_again(room: Chat, status: int) -> None:
    """After a pause that grows."""
    pauses: list[float] = []
    room.answers = [status, status]
    _channel(room, pauses).send(MESSAGE)
    assert (room.asked, len(room.posted), pauses) == (3, 1, [1.0, 2.0])


def test_a_channel_that_stays_busy_is_given_up(room: Chat) -> None:
    """Whoever waits for the answer must not wait for ever."""
    room.answers = [503] * 9
    with pytest.raises(TransientError, match="503"):
        _channel(room).send(MESSAGE)
    assert room.asked == 3


@pytest.mark.parametrize(
    ("status", "remedy"), [(302, "set its final address"), (307, "redirect"), (404, "its address")]
)
def test_a_refusal_and_a_redirect_are_final(room: Chat, status: int, remedy: str) -> None:
    """A redirect could lead a secret anywhere."""
    room.answers = [status]
    with pytest.raises(PermanentError, match=remedy) as caught:
        _channel(room).send(MESSAGE)
    assert caught.value.code == "ChannelRefused"
    assert room.asked == 1


def test_a_channel_that_is_not_there_tells_its_name_and_not_its_address() -> None:
    """Whoever reads a log must not be able to write into the channel."""
    with chat() as closed:
        gone = _channel(closed)
    with pytest.raises(TransientError, match="teams:demand") as caught:
        gone.send(MESSAGE)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["http://contoso.example/x", "ftp://contoso.example", "contoso.example/x", "https://"])
def test_only_https_is_an_address(url: str) -> None:
    """But for loopback, where tests and laptops are."""
    with pytest.raises(ConfigurationError, match="teams:demand is no https address"):
        channel("teams:demand", {"teams_demand": url})


def test_a_channel_without_an_address_names_the_setting() -> None:
    """The one that has to be set."""
    with pytest.raises(ConfigurationError, match="set SIGNALBOX_CHANNEL_TEAMS_DEMAND_WEST to its address"):
        channel("teams:demand-west", {"teams_demand": "https://contoso.example"})


def test_the_log_does_not_tell_the_address(room: Chat, caplog: pytest.LogCaptureFixture) -> None:
    """The client would write it there with each request, and it is a secret."""
    with caplog.at_level(logging.INFO):
        _channel(room).send(MESSAGE)
    assert room.asked == 1
    assert "secret" not in caplog.text
