"""What every Inbox does, against a real Azurite."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.deliveries import Delivery
from shared.storage.base import Inbox
from shared.storage.inbox import TableInbox
from shared.storage.tables import Change, Table

_AT = datetime(2026, 1, 2, tzinfo=UTC)


def _delivery(**changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "channel": "storage",
        "key": "landing/a/b#?.csv@0x8D",
        "subject": "landing/a/b#?.csv",
        "received_at": _AT,
        "outcome": "accepted",
        "reason": "claimed by source 'departures'",
        "body": '{"a": 1}',
    }
    return Delivery.model_validate(values | changes)


@pytest.fixture
def inbox(azurite: str, table: str) -> Inbox:
    """An inbox whose table does not exist yet."""
    return TableInbox(azurite, table)


@pytest.mark.stack
def test_an_empty_inbox_knows_nothing(inbox: Inbox) -> None:
    """Reading before anything was written is fine."""
    assert inbox.get("mlflow", "k") is None
    assert inbox.recent() == []


@pytest.mark.stack
def test_the_first_delivery_of_a_key_stays(inbox: Inbox) -> None:
    """A second delivery of the same event is told apart, and changes nothing."""
    first = _delivery()
    assert inbox.record(first)
    assert not inbox.record(_delivery(reason="again", received_at=_AT + timedelta(seconds=3)))
    assert inbox.get("storage", first.key) == first
    assert inbox.recent() == [first]


@pytest.mark.stack
def test_the_same_key_of_another_channel_is_another_delivery(inbox: Inbox) -> None:
    """Channels do not know of each other's keys."""
    assert inbox.record(_delivery())
    assert inbox.record(_delivery(channel="conditioning"))
    assert len(inbox.recent()) == 2
    assert len(inbox.recent("conditioning")) == 1


@pytest.mark.stack
def test_of_many_simultaneous_deliveries_of_a_key_one_is_first(inbox: Inbox) -> None:
    """However they interleave, exactly one is told that it is the first."""
    deliveries = [_delivery(received_at=_AT + timedelta(seconds=number)) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(inbox.record, deliveries))
    assert first.count(True) == 1
    assert inbox.recent() == [deliveries[first.index(True)]]


@pytest.mark.stack
def test_recent_gives_the_newest_of_all_channels_first(inbox: Inbox) -> None:
    """In whatever order they were recorded, and no more than asked for."""
    for second in (2, 5, 1, 4, 3):
        channel = "mlflow" if second % 2 else "storage"
        inbox.record(_delivery(channel=channel, key=f"k{second}", received_at=_AT + timedelta(seconds=second)))
    assert [delivery.key for delivery in inbox.recent()] == ["k5", "k4", "k3", "k2", "k1"]
    assert [delivery.key for delivery in inbox.recent(limit=2)] == ["k5", "k4"]
    assert [delivery.key for delivery in inbox.recent("mlflow", limit=2)] == ["k5", "k3"]


@pytest.mark.stack
@pytest.mark.parametrize("body", ["x" * 100_000, "é" * 20_000, "😀" * 20_000, "\u0000\t" * 10_000])
def test_a_long_body_is_cut_to_16_kb(inbox: Inbox, body: str) -> None:
    """Whatever characters it is made of: the table's own limits are counted in UTF-16."""
    assert inbox.record(_delivery(body=body))
    kept = inbox.get("storage", _delivery().key)
    assert kept is not None
    assert body.startswith(kept.body)
    assert 16 * 1024 - 4 < len(kept.body.encode()) <= 16 * 1024


def test_our_own_insert_with_a_lost_answer_is_still_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's second try finds the row of its first one: that delivery is no duplicate."""
    stored: dict[str, Change] = {}

    def change(self: Table, partition: str, changes: list[Change]) -> bool:
        stored.update({one.key: one for one in changes})
        return False  # what the second try is told

    def get(self: Table, partition: str, key: str) -> Change | None:
        return stored.get(key)

    monkeypatch.setattr(Table, "change", change)
    monkeypatch.setattr(Table, "get", get)
    assert TableInbox("unused").record(_delivery())


@pytest.mark.stack
def test_what_was_ignored_may_be_wanted_later(inbox: Inbox) -> None:
    """A delivery of a key that was ignored before is a first one; afterwards it stays."""
    assert inbox.record(_delivery(outcome="ignored"))
    assert inbox.record(_delivery(received_at=_AT + timedelta(seconds=1)))
    assert not inbox.record(_delivery(received_at=_AT + timedelta(seconds=2)))
    found = inbox.get(_delivery().channel, _delivery().key)
    assert found is not None
    assert found.outcome == "accepted"


@pytest.mark.stack
def test_the_end_replaces_what_was_known(inbox: Inbox) -> None:
    """However often it is written, and whether or not something was there; the history stays in the listing."""
    for seconds, outcome in enumerate(("failed", "done", "done")):
        inbox.conclude(_delivery(outcome=outcome, received_at=_AT + timedelta(seconds=min(seconds, 1))))
    assert inbox.outcomes(_delivery().channel) == {_delivery().key: "done"}
    assert [one.outcome for one in inbox.recent()] == ["done", "failed"]


@pytest.mark.stack
def test_what_could_not_be_used_waits_until_the_subject_comes_again(inbox: Inbox) -> None:
    """However much has come in since; the last word about a subject counts, and its body is left out."""
    later = {"received_at": _AT + timedelta(hours=1)}
    inbox.record(_delivery(key="1", subject="a", outcome="dead"))
    inbox.record(_delivery(key="2", subject="a", outcome="failed", **later))
    inbox.conclude(_delivery(key="3", subject="b", outcome="failed", channel="conditioning"))
    inbox.record(_delivery(key="4", subject="c", outcome="ignored"))
    found = inbox.unusable()
    assert [(one.subject, one.outcome, one.body) for one in found] == [("a", "failed", ""), ("b", "failed", "")]
    inbox.conclude(_delivery(key="3", subject="b", outcome="done", channel="conditioning", **later))
    assert [one.subject for one in inbox.unusable()] == ["a"]
    inbox.record(_delivery(key="5", subject="a", outcome="accepted"))
    assert [one.subject for one in inbox.unusable()] == ["a"], "what came before it does not answer it"
    inbox.record(_delivery(key="6", subject="a", outcome="accepted", received_at=_AT + timedelta(hours=2)))
    assert inbox.unusable() == []
    assert inbox.get("storage", "6") is not None


@pytest.mark.stack
def test_deliveries_about_one_subject_at_the_same_time_are_all_kept(inbox: Inbox) -> None:
    """Whichever of them writes first what waits for a person, none is lost or refused."""
    every = [
        _delivery(key=f"k{n}", outcome="dead" if n % 2 else "accepted", received_at=_AT + timedelta(seconds=n))
        for n in range(6)
    ]
    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(inbox.record, every))
    assert len(inbox.recent()) == 6
    assert [one.key for one in inbox.unusable()] == ["k5"]
