"""What a test has to know of the commands on the pages: names that are put in, what cannot run here, and why."""

import re
from collections.abc import Mapping
from typing import Final

#: Commands that cannot run in a test, by how they begin, with the reason. Whatever is not listed is run.
NOT_RUN: Final[Mapping[str, str]] = {
    r"make (demo|test|up|setup|bench|soak|clean|check)\b": "it installs, or runs the whole repository; `.ci/run` does",
    r"make (coverage|models|package)\b": "likewise; the pipelines do",
    r"infra/pipelines/deploy\.sh ": "likewise; tests/infra/test_deploying.py runs it with tools that only say so",
    r"(az|azd) |export SIGNALBOX_\w+=\$\((az|azd) ": "it needs an Azure subscription",
    r"python -m examples\.flights\.landing ": "tests/examples/test_flights_landing.py runs it",
    r"\$SIGNALBOX/\.venv/bin/signalbox host start": "tests/local/testing/test_docs.py runs that app on the host",
    r"curl .*localhost:7071/(api/orders|runtime/webhooks)": "likewise, to that app",
    r"\$SIGNALBOX/\.venv/bin/python -m pytest": "tests/local/testing/test_docs.py runs the tests of that app",
    r"python -m local\.testing\.record": "likewise, of its history",
    r"python3 -I verify\.py --anchors": "the anchors lie in Azure; tests/cli/test_ledger.py verifies against some",
}
#: Pages whose commands are run by another test, with a stack and a folder of their own.
ELSEWHERE: Final[Mapping[str, str]] = {"docs/quickstart.md": "tests/e2e/test_newcomer.py"}
#: Commands whose exit code is not 0, by how they begin: what the page says of it.
CODES: Final[Mapping[str, int]] = {
    r"signalbox run show RUN --watch": 1,  # it is a run of which nothing could be done, so that there is one to retry
}

FAST: Final = "departures-jfk-mainline-fast"
SLOW: Final = "departures-jfk-mainline-slow"
#: Names on the pages, and what stands for them here.
NAMES: Final[Mapping[str, str]] = {
    "demand-plains-large-fast": FAST,
    "departures-lga-regional-fast": FAST,
    "models:/NAME/VERSION --as MODEL": f"models:/{FAST}/1 --as departures-lga-mainline-fast",
}


def why_not_run(command: str) -> str | None:
    """Why a command is not run; `None` for one that is."""
    return next((reason for begins, reason in NOT_RUN.items() if re.match(begins, command)), None)


def code_of(command: str) -> int:
    """The exit code that a page tells of."""
    return next((code for begins, code in CODES.items() if re.match(begins, command)), 0)
