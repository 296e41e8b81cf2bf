"""Telling people, over whatever channels there are; nothing of it may keep anything from going on. All of it blocks."""

import json
import logging
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from functions import adapters
from shared.contracts.notification import Message
from shared.errors import SignalboxError
from shared.settings import settings

_LOG: Final = logging.getLogger(__name__)


def tell(channels: Iterable[str], message: Message) -> tuple[str, ...]:
    """Send a message to each channel once; those that have it, whether from now or from an earlier attempt.

    It is marked as sent after the channel has taken it: a crash between the two sends it twice, and never not at all.
    """
    return tuple(name for name in channels if _sent(name, message))


def link_to(model: str) -> str | None:
    """The page of a model, where people can reach the app."""
    root = settings().public_url.rstrip("/")
    return f"{root}/api/dashboard/models/{quote(model, safe='')}" if root else None


def chart_of(model: str) -> str | None:
    """The chart of a model's figures over its versions, as SVG."""
    page = link_to(model)
    return f"{page}/chart.svg" if page else None


def link_to_run(run: str) -> str | None:
    """The page of a run."""
    root = settings().public_url.rstrip("/")
    return f"{root}/api/dashboard/runs/{quote(run, safe='')}" if root else None


def _sent(name: str, message: Message) -> bool:
    marker = f"notifications/{message.key}/{name.replace(':', '-')}.json"
    if adapters.data().list(marker):
        return True
    try:
        adapters.channel(name).send(message)
    except SignalboxError as error:
        _LOG.warning("%s was not told: %s (%s)", name, error, message.title)
        return False
    text = json.dumps(message.to_wire(), ensure_ascii=False).encode()
    adapters.data().write_once(marker, text, content_type="application/json")
    return True
