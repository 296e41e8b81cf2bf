"""Renders pages: templates with everything escaped, one style sheet, and headers that let nothing else in."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import azure.functions as func

from functions.dashboard import wording
from shared.durations import lasted

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES: Final = Path(__file__).parent / "templates"
_STYLE: Final = "style.css"
_COMMON: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Opened by itself, a picture may do nothing; its own style is in it, and a picture in a page has no other.
_PICTURE: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


def page(status: int, template: str, values: Mapping[str, Any], *, now: datetime) -> func.HttpResponse:
    """A page.

    Args:
        status: Of the answer.
        template: Its file.
        values: What it shows; all of it is escaped.
        now: The moment that it is of.
    """
    text = _environment().get_template(template).render(**values, now=now, style=_style())
    content = text.encode(errors="replace")  # a manifest may hold half of a surrogate pair, which is no text
    return func.HttpResponse(content, status_code=status, headers=_headers(_policy()), mimetype="text/html")


def picture(svg: bytes) -> func.HttpResponse:
    """An SVG picture."""
    return func.HttpResponse(svg, headers=_headers(_PICTURE), mimetype="image/svg+xml")


def _headers(policy: str) -> dict[str, str]:
    return {**_COMMON, "Content-Security-Policy": policy}


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only pages need it

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals |= {"words": wording, "lasted": lasted}
    return made


@cache
def _style() -> str:
    return (_TEMPLATES / _STYLE).read_text(encoding="utf-8")


@cache
def _policy() -> str:
    """No script at all; of styles only the one that is in the page, known by its hash."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return "; ".join((
        "default-src 'none'", f"style-src 'sha256-{digest}'", "img-src 'self' data:", "form-action 'self'",
        "frame-ancestors 'none'", "base-uri 'none'",
    ))  # fmt: skip
