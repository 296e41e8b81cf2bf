"""All operations, under the headings that readers find them by."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from functions.api.operations import app, data, ledger, models, orders, pages, runs
from functions.api.operations.operation import Operation


class Heading(NamedTuple):
    """A tag of the OpenAPI document.

    Attributes:
        name: As it is read.
        about: What stands under it, as its room says of itself.
        operations: By the function that each is of.
    """

    name: str
    about: str | None
    operations: Mapping[str, Operation]


#: In the order in which they are read.
HEADINGS: Final = (
    Heading("Models", models.__doc__, models.OPERATIONS),
    Heading("Orders", orders.__doc__, orders.OPERATIONS),
    Heading("Runs", runs.__doc__, runs.OPERATIONS),
    Heading("Data", data.__doc__, data.OPERATIONS),
    Heading("Ledger", ledger.__doc__, ledger.OPERATIONS),
    Heading("Pages", pages.__doc__, pages.OPERATIONS),
    Heading("Operations", app.__doc__, app.OPERATIONS),
)
#: Each by the function that it is of.
OPERATIONS: Final[Mapping[str, Operation]] = {
    name: operation for heading in HEADINGS for name, operation in heading.operations.items()
}
