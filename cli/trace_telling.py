"""``signalbox trace``: asks a running app for a trace, and prints it."""

from cli.asking import fetch
from cli.paths import api_path
from cli.showing import show_answer
from cli.trace_screen import print_trace


def tell_trace(url: str, key: str, wanted: str, *, as_json: bool) -> int:
    """Print the story of an id; gives the exit code."""
    path = api_path("traces", *wanted.strip().strip("/").split("/"))
    return show_answer(url, key, lambda client: fetch(client, "GET", path), print_trace, as_json=as_json)
