"""For people, as HTML and SVG without scripts."""

from collections.abc import Mapping
from typing import Final

from functions.api.operations.operation import HTML, Operation, Parameter
from functions.api.operations.parameters import FLEET, NAME, RUN, VERSION
from functions.api.operations.statuses import NO_RUN


def _page(missing: str = "", path: Mapping[str, Parameter] | None = None, **query: str) -> Operation:
    """A page.

    Args:
        missing: What there is not, where it answers 404.
        path: Its path's parameters.
        query: What each parameter of its query means.
    """
    return Operation({200: ()}, {404: missing} if missing else {}, path or {}, _asked(query), form=HTML)


def _picture(missing: str, **query: str) -> Operation:
    """A picture of a model."""
    return Operation({200: ()}, {404: missing}, NAME, _asked(query), form="image/svg+xml")


def _asked(query: Mapping[str, str]) -> dict[str, Parameter]:
    return {name: Parameter(about) for name, about in query.items()}


OPERATIONS: Final[Mapping[str, Operation]] = {
    "dashboard": _page(fleet=FLEET, rows="The label of the rows.", columns="The label of the columns."),
    "dashboard_models": _page(
        fleet=FLEET,
        state="Only in this state; `busy` for what runs.",
        name="Only with this in the name.",
        needs="Only what needs this of a person.",
        after="So many before are left out.",
    ),
    "dashboard_model": _page("There is no such model.", NAME),
    "dashboard_chart": _picture("There is no such model, or no such figure.", metric="mape, rmse or rmse_zero."),
    "dashboard_forecast": _picture("There is no such model, or nothing to compare."),
    "dashboard_lineage": _picture("There is no such model, or no version of it."),
    "dashboard_datasets": _page(fleet=FLEET, dataset="Its name.", after="How many versions are passed over."),
    "dashboard_dataset": _page("There is no such version.", VERSION),
    "dashboard_runs": _page(),
    "dashboard_run": _page(NO_RUN, RUN),
    "dashboard_arrivals": _page(
        channel="Only what came through this door.",
        outcome="Only what ended so; unusable is failed or dead.",
    ),
}
