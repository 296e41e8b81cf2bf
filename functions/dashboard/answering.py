"""What every page has beside its own content: addresses, commands, and where it is loaded again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import azure.functions as func

from functions.dashboard.commands import Commands
from functions.dashboard.links import Links
from functions.dashboard.pages import page
from shared.settings import settings


def links_of(request: func.HttpRequest) -> Links:
    """Addresses as the request's own, so also with its key."""
    return Links.of(request.url, request.params.get("code", ""))


def commands_of(request: func.HttpRequest) -> Commands:
    """Commands that find the app where a person finds it."""
    return Commands(settings().public_url.rstrip("/") or links_of(request).origin)


def again(request: func.HttpRequest, *, without: str = "") -> str:
    """The address that was asked for, by path and query; `without` one parameter, if it is named."""
    query = {name: value for name, value in request.params.items() if name != without}
    return f"{urlsplit(request.url).path}{'?' if query else ''}{urlencode(query)}"


def make_page(
    request: func.HttpRequest, template: str, values: Mapping[str, Any], *, now: datetime, status: int = 200
) -> func.HttpResponse:
    """The page that a template makes of values; it blocks."""
    common = {"links": links_of(request), "again": again(request), "here": "", "commands": commands_of(request)}
    return page(status, template, {**common, **values}, now=now)
