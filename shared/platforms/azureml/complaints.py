"""What azure-ai-ml says of a YAML file that it cannot take, in the words that name the key.

The SDK writes a JSON document for a terminal, with advice below it. Where a value may have several forms it says of
each why it is not that one.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_DOCUMENT: Final = re.compile(r"\{.*\}", re.DOTALL)
#: Advice that follows each complaint, of whatever kind.
_ADVICE: Final = re.compile(r"\s*(If you are trying to configure|Visit this link|The easiest way to author).*", re.S)
_ABSENT_FILE: Final = re.compile(r"No such file or directory: '?(?P<file>[^'\"\]]+)")
_PLACE: Final = re.compile(r"^(?P<file>.*)#line (?P<line>[0-9]+)$")
_MISSING: Final = "Missing data for required field"
#: What a step of a pipeline needs, where the SDK has looked for the first of it only.
_STEP: Final = re.compile(r"^jobs\.(?P<step>[^.]+)(?:\.component)?$")
_STEP_REMEDY: Final = "a step says `component: FILE`, or `type: command` with `command`, `environment` and `code`"
#: Of one mistake, in characters: a file may have several.
_LIMIT: Final = 240


def plain_complaint(text: str) -> str:
    """A complaint of the SDK as `KEY (FILE, line N): what is wrong`; as it is, without advice, if it is no document."""
    found = _DOCUMENT.search(text)
    try:
        errors = json.loads(found[0])["errors"] if found else []
        told = [_said(one) for one in errors]
    except (ValueError, KeyError, TypeError):
        told = []
    return "; ".join(told) or _ADVICE.sub("", text).strip() or text


def _said(error: Mapping[str, Any]) -> str:
    key, message = str(error["path"]), str(error["message"])
    place = _PLACE.match(str(error.get("location") or ""))
    where = f"{key} ({place['file']}, line {place['line']})" if place else key
    return f"{where}: {_reason(key, message)}"


def _reason(key: str, message: str) -> str:
    if absent := _ABSENT_FILE.search(message):
        return f"there is no file {absent['file'].strip()}"
    plain = " ".join(message.split())
    plain = plain if len(plain) <= _LIMIT else plain[: _LIMIT - 1] + "…"
    return f"{plain.rstrip('.')}; {_STEP_REMEDY}" if _STEP.match(key) and _MISSING in message else plain
