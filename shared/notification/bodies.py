"""One message as each kind of channel wants it. Nothing of it is taken for markup by whoever shows it.

- Teams: an Adaptive Card in the envelope that a workflow "When a Teams webhook request is received" passes on
  (Microsoft Learn, "Create incoming webhooks with Workflows"). Teams shows cards up to version 1.5, and messages of at
  most 28 KB.
- Slack: Block Kit, with the plain text that notifications show (Slack API, "Formatting with Block Kit"): a header of at
  most 150 characters, sections of at most 3000, ten fields of at most 2000 each.
- Plain JSON: the message itself.
- Event Grid: the same as the data of an event (CloudEvents 1.0, "JSON Event Format"), of at most 1 MB. A message that
  is sent again has the same id, by which whoever takes the events knows it.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from shared.contracts.notification import ChannelKind, Fact, Message

_CARD: Final = "application/vnd.microsoft.card.adaptive"
_SOURCE: Final = "signalbox"
_EVENTS: Final = {"approval": "Signalbox.ApprovalAsked", "digest": "Signalbox.RunDigested"}
_HEADER: Final = 150
_SECTION: Final = 3000
_FIELDS: Final = 10
_FIELD: Final = 2000
#: Of a text, from what is said to what is left of it where a message would be too large.
_TEXTS: Final = (900, 400, 150, 60)
_TITLE: Final = 200
_LARGEST_BYTES: Final = 26 * 1024
_MOST_FACTS: Final = 20


def body_of(kind: ChannelKind, message: Message) -> dict[str, Any]:
    """The JSON that a channel of this kind takes; texts are cut as far as it takes to make it small enough."""
    if kind == "webhook":
        return message.to_wire()
    if kind == "eventgrid":
        return _event(message)
    make = _teams if kind == "teams" else _slack
    bodies = (make(_shortened(message, limit)) for limit in _TEXTS)
    return next((body for body in bodies if _bytes(body) <= _LARGEST_BYTES), make(_shortened(message, _TEXTS[-1])))


def _event(message: Message) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": message.key,
        "source": _SOURCE,
        "type": _EVENTS[message.kind],
        "datacontenttype": "application/json",
        "data": message.to_wire(),
    }


def _shortened(message: Message, limit: int) -> Message:
    left = len(message.facts) - _MOST_FACTS
    facts = [
        Fact(title=_cut(fact.title, min(limit, _TITLE)), value=_cut(fact.value, limit))
        for fact in message.facts[:_MOST_FACTS]
    ]
    more = [Fact(title="and more", value=str(left))] if left > 0 else []
    return message.model_copy(
        update={
            "title": _cut(message.title, _TITLE),
            "text": _cut(message.text, limit),
            "facts": (*facts, *more),
            "commands": tuple(_cut(command, limit) for command in message.commands),
        }
    )


def _bytes(body: dict[str, Any]) -> int:
    return len(json.dumps(body, ensure_ascii=False).encode(errors="replace"))


def _teams(message: Message) -> dict[str, Any]:
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": list(_card_body(message)),
    }
    if buttons := _buttons(message):
        card["actions"] = [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in buttons]
    return {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}


def _card_body(message: Message) -> Iterator[dict[str, Any]]:
    """Text runs are shown as they are; text blocks and facts would be read as Markdown."""
    yield _run(message.title, size="Large", weight="Bolder")
    yield _run(message.text)
    if message.facts:
        facts = [{"title": _unlinked(fact.title), "value": _unlinked(fact.value)} for fact in message.facts]
        yield {"type": "FactSet", "facts": facts}
    for command in message.commands:
        yield _run(command, fontType="Monospace")


def _run(text: str, **look: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}


def _unlinked(text: str) -> str:
    """Without what Markdown would make a link of."""
    return text.replace("](", "] (")


def _slack(message: Message) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(message.title, _HEADER), "emoji": False}},
        _section(message.text),
    ]
    for start in range(0, len(message.facts), _FIELDS):
        fields = [{"type": "mrkdwn", "text": _field(fact)} for fact in message.facts[start : start + _FIELDS]]
        blocks.append({"type": "section", "fields": fields})
    if message.commands:
        told = "\n".join(_plain(command) for command in message.commands)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"```{_cut(told, _SECTION - 6)}```"}})
    buttons = [
        {"type": "button", "text": {"type": "plain_text", "text": title}, "url": url}
        for title, url in _buttons(message)
    ]
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": _plain(message.title), "blocks": blocks}


def _buttons(message: Message) -> list[tuple[str, str]]:
    """What can be opened: title and URL."""
    return [(title, url) for title, url in (("Look at it", message.link), ("Chart", message.chart)) if url]


def _field(fact: Fact) -> str:
    return _cut(f"*{_plain(fact.title)}*\n{_plain(fact.value)}", _FIELD)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _plain(text: str) -> str:
    """Slack reads links and mentions in angle brackets; these three characters are all that it wants escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
