"""Bodies of requests about endpoints, as they were recorded: one file per kind."""

import difflib
import json
import os
import re
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).with_name("golden_endpoints")
#: Set it to write the files anew; then read what changed.
_RECORD = "SIGNALBOX_RECORD_GOLDEN"
#: What differs between two runs, and what stands for it.
_PLACEHOLDERS = ((r"/subscriptions/.*?/workspaces/[^/\"]+", "{workspace}"), (r"\b[0-9a-f]{32}\b", "{hash}"))


def compare_golden(kind: str, body: Any, *own: tuple[str, str]) -> None:
    """Compare a body with the recorded one; `own` are further patterns, and what stands for what they match."""
    text = json.dumps(body, indent=2, sort_keys=True) + "\n"
    for pattern, placeholder in (*own, *_PLACEHOLDERS):
        text = re.sub(pattern, placeholder, text)
    file = _FOLDER / f"{kind}.json"
    if os.environ.get(_RECORD):
        file.write_text(text, encoding="utf-8")
    recorded = file.read_text(encoding="utf-8")
    changes = "\n".join(difflib.unified_diff(recorded.splitlines(), text.splitlines(), "recorded", "sent", lineterm=""))
    assert not changes, changes
