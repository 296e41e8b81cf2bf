"""Teams, Slack and any other webhook, as far as they complain: a small server that looks at what is posted to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

#: Elements that a card of these may hold, with what each must have.
_ELEMENTS: Final = {"RichTextBlock": "inlines", "FactSet": "facts", "TextBlock": "text"}
_CARD: Final = "application/vnd.microsoft.card.adaptive"
_MOST_BYTES: Final = 28 * 1024


@dataclass
class Chat:
    """What was posted, and what is answered.

    Attributes:
        url: Its root; the first part of a path says what is expected: `/teams/…`, `/slack/…`, `/webhook/…`.
        posted: Paths and bodies, those that were taken.
        answers: The next statuses, before everything is taken again.
        complaints: What was wrong with a body.
    """

    url: str = ""
    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    asked: int = 0

    def take(self, path: str, content: bytes) -> int:
        """The status of a post."""
        self.asked += 1
        if self.answers:
            return self.answers.pop(0)
        body = json.loads(content)
        look = {"teams": card_faults, "slack": block_faults}.get(path.split("/")[1], lambda _: iter(()))
        faults = [*look(body), *(["larger than a message may be"] if len(content) > _MOST_BYTES else [])]
        self.complaints += faults
        if faults:
            return 400
        self.posted.append((path, body))
        return 202


@contextmanager
def chat() -> Iterator[Chat]:
    """The server while it is open."""
    known = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = known.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{known.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: `Chat.posted` has it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()


def card_faults(body: dict[str, Any]) -> Iterator[str]:
    """What a Teams workflow would not show."""
    if body.get("type") != "message" or len(body.get("attachments", ())) != 1:
        yield "not a message with one attachment"
        return
    attachment = body["attachments"][0]
    card = attachment.get("content", {})
    if attachment.get("contentType") != _CARD or card.get("type") != "AdaptiveCard":
        yield "the attachment is no Adaptive Card"
    if card.get("version") not in ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5"):
        yield f"Teams shows no card of version {card.get('version')}"
    if not card.get("body"):
        yield "the card is empty"
    yield from _element_faults(card)


def _element_faults(card: dict[str, Any]) -> Iterator[str]:
    for element in card.get("body", ()):
        needed = _ELEMENTS.get(element.get("type"))
        if needed is None or not element.get(needed):
            yield f"an element that cannot be shown: {element}"
        for part in (*element.get("inlines", ()), *element.get("facts", ())):
            if not all(isinstance(value, str) and value for value in part.values()):
                yield f"a part that is not text: {part}"
    for action in card.get("actions", ()):
        if action.get("type") != "Action.OpenUrl" or not str(action.get("url", "")).startswith("http"):
            yield f"an action that a workflow cannot take: {action}"


def block_faults(body: dict[str, Any]) -> Iterator[str]:
    """What Slack refuses as `invalid_blocks` or `no_text`."""
    if not body.get("text") or not 0 < len(body.get("blocks", ())) <= 50:
        yield "no text, or no blocks"
    for block in body.get("blocks", ()):
        match block:
            case {"type": "header", "text": {"type": "plain_text", "text": str(text)}} if 0 < len(text) <= 150:
                continue
            case {"type": "section", "text": {"type": "plain_text" | "mrkdwn", "text": str(text)}} if (
                0 < len(text) <= 3000
            ):
                continue
            case {"type": "section", "fields": list(fields)} if 0 < len(fields) <= 10:
                if all(one["type"] == "mrkdwn" and 0 < len(one["text"]) <= 2000 for one in fields):
                    continue
            case {"type": "actions", "elements": list(buttons)} if 0 < len(buttons) <= 25:
                if all(one["type"] == "button" and one["url"].startswith("http") for one in buttons):
                    continue
        yield f"a block that Slack refuses: {block}"
