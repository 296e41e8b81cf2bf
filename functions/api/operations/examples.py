"""Who and what the examples of requests are about."""

from typing import Final

MODEL: Final = "departures-jfk-mainline-fast"
PERSON: Final = "ana@example.com"
ASKED_BY: Final = {"requested_by": PERSON}
