"""What the workbook shows, from top to bottom: sections, and in each the tiles with their queries."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

#: How a tile shows its rows: a grid of them, or a chart of what its query sums up by time.
Shown = Literal["table", "timechart", "barchart", "tiles"]
#: How a column of a grid is shown: a percentage of 1, a share of 100, a length of time, a bar that warns.
Format = Literal["percent", "seconds", "milliseconds", "warn"]


class Tile(NamedTuple):
    """One query's answer.

    Attributes:
        query: The file in `queries`, without `.kql`.
        title: Above it.
        shown: How.
        wide: Whether it has the whole width; else half of it.
        formats: By the names of columns.
        empty: What is said where there are no rows.
    """

    query: str
    title: str
    shown: Shown = "table"
    wide: bool = False
    formats: Mapping[str, Format] = MappingProxyType({})
    empty: str = "Nothing in this time."


class Section(NamedTuple):
    """Tiles that belong together.

    Attributes:
        name: Its heading.
        told: What one sees there, in Markdown.
        tiles: In pairs, where they are not wide.
    """

    name: str
    told: str
    tiles: tuple[Tile, ...]


TITLE: Final = "Signalbox"
SECTIONS: Final = (
    Section(
        "Models",
        "Figures of the version of each model that was judged last, beside the baseline on the same rows. MAPE may be "
        "45 % at most, and has to be better than the baseline's; RMSE 0 is that of rows whose actual value is 0.",
        (
            Tile(
                "figures",
                "MAPE, RMSE and RMSE 0 beside the baseline",
                wide=True,
                formats={"MAPE": "percent", "BaselineMAPE": "percent", "Standing": "warn"},
                empty="No version was judged in this time.",
            ),
            Tile("mape", "MAPE when it was judged, and the limit", "timechart"),
            Tile("gates", "Gates", formats={"Failed": "warn"}),
            Tile("bounds", "What each gate held a figure to"),
            Tile(
                "staleness",
                "Days in production; more than 60 are stale",
                formats={"Days": "warn"},
                empty="No version is in production, or nobody has looked in this time.",
            ),
        ),
    ),
    Section(
        "Releases",
        "What ended, what waits for somebody, and what was done step by step.",
        (
            Tile("releases", "Releases and rollbacks that ended", "barchart"),
            Tile("waiting", "Models that wait, at the last look", "tiles"),
            Tile("release_steps", "What was done to models", wide=True),
        ),
    ),
    Section(
        "Data",
        "What came in, and what of it could be used.",
        (
            Tile("rows", "Rows, and those that were quarantined", formats={"QuarantinedPercent": "warn"}),
            Tile("arrivals", "Events that came in"),
            Tile("dead_letters", "Events that can never be used", formats={"DeadLetters": "warn"}, empty="None."),
            Tile("queue_age", "Seconds that work waited for an activity", "timechart"),
        ),
    ),
    Section(
        "Steps",
        "Activities and jobs, each attempt of them; a job's time is that on the training platform.",
        (
            Tile("runs", "Runs that ended", "barchart"),
            Tile("failed_runs", "Runs that failed", formats={"Failed": "warn"}, empty="None."),
            Tile(
                "steps",
                "Steps: how often, how long, how many failed",
                wide=True,
                formats={"Failed": "warn", "MedianSeconds": "seconds", "P95Seconds": "seconds"},
            ),
            Tile("failed_steps", "Steps that failed, and why", wide=True, empty="None."),
        ),
    ),
    Section(
        "Running it",
        "Who asks for what, what is paid for, and whether all of it is seen here.",
        (
            Tile(
                "requests",
                "Requests, events and timers",
                wide=True,
                formats={"Failed": "warn", "MedianMilliseconds": "milliseconds", "P95Milliseconds": "milliseconds"},
            ),
            Tile("error_rate", "Percent of them that failed", formats={"Percent": "warn"}),
            Tile("silence", "Figures that came in", "tiles"),
            Tile("executions", "Executions of activities", formats={"Seconds": "seconds"}),
            Tile("telemetry_dropped", "Spans that were lost", formats={"Dropped": "warn"}, empty="None."),
        ),
    ),
)
