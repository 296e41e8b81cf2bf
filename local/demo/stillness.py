"""Whether anything still moves: what the demo gives up by, whatever the speed of the machine."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from local.demo.observe import Model, Observer
from local.stack import Stack

#: Looks in a row at which all had ended, until the demo believes it.
ENDED_LOOKS: Final = 4
#: Looks in a row at which nothing moved though something has not ended, until the demo gives up: a quarter of a minute
#: at least, longer where a look itself takes long. A webhook or an event on its way needs a second or two.
STUCK_LOOKS: Final = 60
_PAUSE_SECONDS: Final = 0.25


@dataclass(frozen=True)
class Look:
    """What was seen at one moment.

    Attributes:
        models: Every model of the fleet; none while the app does not know its fleet.
        waiting: Files of which the app has not been told.
        running: Instances of the engine that are pending or running. A job, a timer or an event that somebody waits
            for belongs to one of them.
    """

    models: Sequence[Model]
    waiting: Collection[str]
    running: Sequence[dict[str, Any]]

    @property
    def moving(self) -> list[str]:
        """The states of the models that have not ended."""
        return [model.state for model in self.models if not model.ended]

    @property
    def ended(self) -> bool:
        """Whether nothing more is going to happen by itself."""
        return bool(self.models) and not (self.waiting or self.running or self.moving)

    @property
    def changing(self) -> tuple[object, ...]:
        """What is another one as soon as anything has happened."""
        return (len(self.waiting), [model.row for model in self.models])


class Stillness:
    """Counts the looks since which nothing has moved."""

    def __init__(self) -> None:
        self._ended = 0
        self._stuck = 0
        self._before: tuple[object, ...] | None = None

    def see(self, look: Look) -> None:
        """Take another look into account."""
        self._ended = self._ended + 1 if look.ended else 0
        still = not look.running and look.changing == self._before
        self._stuck = self._stuck + 1 if still and not look.ended else 0
        self._before = look.changing

    @property
    def ended(self) -> bool:
        """Whether all has ended."""
        return self._ended >= ENDED_LOOKS

    @property
    def stuck(self) -> bool:
        """Whether something has not ended, and nothing has been done about it for a while."""
        return self._stuck >= STUCK_LOOKS


def looks(
    stack: Stack, observer: Observer, landed: Collection[str], seconds: float
) -> Iterator[tuple[Look, Stillness]]:
    """Look at the models again and again, until all has ended or the time is over.

    Args:
        stack: What they run on; looking ends with its error when a part of it has.
        observer: Who sees them.
        landed: Keys of the deliveries that the app must have had.
        seconds: How long to look at most.
    """
    deadline = time.monotonic() + seconds
    stillness = Stillness()
    while not stillness.ended and time.monotonic() < deadline:
        stack.check()
        models = observer.models()
        waiting = set(landed) - {delivery["key"] for delivery in observer.arrivals()}
        look = Look(models, waiting, observer.under_way())
        stillness.see(look)
        yield look, stillness
        time.sleep(_PAUSE_SECONDS)
