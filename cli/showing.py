"""An app's answer to a command: as JSON for a program, or as it is printed for a person."""

from collections.abc import Callable

import httpx

from cli.asking import asking
from cli.printing import print_json


def show_answer[T](
    url: str, key: str, ask: Callable[[httpx.Client], T], show: Callable[[T], None], *, as_json: bool
) -> int:
    """Ask the app, and show what it answers; gives the exit code, which is 0.

    Args:
        url: Where the app is; empty for the stack that runs here.
        key: A function key, where the app asks for one.
        ask: Asks, as `cli.asking.asking` lets it, and gives what there is to show.
        show: Prints that for a person.
        as_json: Print it as it is, for a program.

    Raises:
        CommandError: The app refused, there is nothing to show, or nobody answered.
    """

    def tell(client: httpx.Client) -> int:
        answer = ask(client)
        (print_json if as_json else show)(answer)
        return 0

    return asking(url, key, tell)
