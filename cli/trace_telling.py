"""``signalbox trace``: asks a running app for a trace, and prints it."""

import httpx

from cli.asking import asking, fetch
from cli.paths import api_path
from cli.printing import print_json
from cli.trace_screen import print_trace


def tell_trace(url: str, key: str, wanted: str, *, as_json: bool) -> int:
    """Print the story of an id; gives the exit code."""

    def tell(client: httpx.Client) -> int:
        found = fetch(client, "GET", api_path("traces", *wanted.strip().strip("/").split("/")))
        if as_json:
            print_json(found)
        else:
            print_trace(found)
        return 0

    return asking(url, key, tell)
