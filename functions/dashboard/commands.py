"""Commands that answer what a page shows, as they are typed."""

import shlex
from typing import Final

from functions.dashboard.seen import Model

#: The command line's own idea of where the app is: it need not be told then.
_USUAL: Final = ("http://localhost:7071", "http://127.0.0.1:7071")


class Commands:
    """Commands as they are typed in a shell, whatever a model is called.

    Args:
        app: Where the app is.
    """

    def __init__(self, app: str) -> None:
        self._app = "" if not app or app in _USUAL else f" --app {shlex.quote(app)}"

    def order(self, verb: str, subject: str) -> str:
        """An order with its reason, which is the person's to write."""
        return f'signalbox {verb} {shlex.quote(subject)} --reason "…"{self._app}'

    def resume(self, model: Model, scope: str) -> str:
        """The order that lifts a hold, as wide as it was given: of a model, of labels, or of a fleet."""
        return self.order("resume", model.name) if scope == "model" else self.resume_fleet(model.fleet, scope)

    def resume_fleet(self, fleet: str, scope: str) -> str:
        """The order that lifts a hold of labels or of a fleet."""
        kind, _, of = scope.partition(":")
        labels = of.split(",") if kind == "label" else []
        which = ["--fleet", fleet, *(word for one in labels for word in ("--select", one.replace("|", ",")))]
        return f'signalbox resume {shlex.join(which)} --reason "…"{self._app}'

    def ask(self, *words: str) -> str:
        """Any other command."""
        return f"signalbox {shlex.join(words)}{self._app}"
