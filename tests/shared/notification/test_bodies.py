"""A message as Teams, Slack and others take it, whatever is in it."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.notification import CHANNEL_KINDS, ChannelKind, Fact, Message
from shared.notification.bodies import body_of
from tests.doubles.chat import Chat, block_faults, card_faults, chat

MESSAGE = Message(
    key="k",
    kind="approval",
    title="May version 7 of demand-rockies go to production?",
    text="Somebody has to agree.",
    facts=(Fact(title="Gates", value="accuracy: MAPE 12.3 % is at most 45 %"), Fact(title="Artifact", value="a" * 64)),
    link="https://signalbox.contoso.example/api/dashboard/models/demand-rockies",
    chart="https://signalbox.contoso.example/api/dashboard/models/demand-rockies/chart.svg",
    commands=("signalbox approve demand-rockies@7 --reason '…'",),
)
TEXTS = st.text(min_size=1, max_size=4000)


@pytest.fixture(scope="module")
def room() -> Iterator[Chat]:
    """Where messages are posted."""
    with chat() as found:
        yield found


@pytest.mark.parametrize("kind", CHANNEL_KINDS)
def test_each_kind_of_channel_takes_its_body(kind: ChannelKind, room: Chat) -> None:
    """Teams, Slack, and whoever takes plain JSON."""
    assert httpx.post(f"{room.url}/{kind}/1", json=body_of(kind, MESSAGE)).status_code == 202, room.complaints


@given(
    message=st.builds(
        Message,
        title=TEXTS,
        text=TEXTS,
        facts=st.lists(st.builds(Fact, title=st.text(min_size=1, max_size=80), value=TEXTS), max_size=30),
        link=st.none() | st.just("https://contoso.example/x"),
        commands=st.lists(TEXTS, max_size=5),
    )
)
@settings(max_examples=40, deadline=None)
def test_no_message_is_more_than_a_channel_takes(message: Message) -> None:
    """Long reasons are cut, many facts are left out, and that is told."""
    assert list(block_faults(body_of("slack", message))) == []
    card = body_of("teams", message)
    assert list(card_faults(card)) == []
    assert len(json.dumps(card, ensure_ascii=False).encode(errors="replace")) < 28 * 1024


def test_a_card_of_many_long_facts_is_small_enough() -> None:
    """A digest of a large fleet: Teams takes 28 KB."""
    facts = tuple(Fact(title=f"m{number}", value="𝒙&" * 1000) for number in range(200))
    body = body_of("teams", MESSAGE.model_copy(update={"facts": facts, "text": "y" * 9000}))
    assert len(json.dumps(body, ensure_ascii=False).encode()) < 28 * 1024
    assert "180" in json.dumps(body)


def test_nothing_in_a_message_becomes_a_link_or_a_mention() -> None:
    """A label of a segment comes out of somebody's data."""
    evil = Fact(title="Gates", value="[click](https://evil.example) <!channel> <https://evil.example|here>")
    message = MESSAGE.model_copy(update={"facts": (evil,)})
    assert "](" not in json.dumps(body_of("teams", message))
    blocks: Any = body_of("slack", message)["blocks"]
    assert "<" not in json.dumps(blocks)


def test_plain_json_is_the_message_itself() -> None:
    """Whoever takes it decides what to make of it."""
    assert Message.from_wire(body_of("webhook", MESSAGE)) == MESSAGE
