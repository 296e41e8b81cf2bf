"""Dataset versions, what they were made of, and rows that were rejected."""

from collections.abc import Mapping
from typing import Final

from functions.api.answers.conditioning import InProgress
from functions.api.answers.datasets import Datasets, DescribedVersion
from functions.api.answers.quarantine import Quarantine, RejectedRows
from functions.api.operations.operation import Operation, Parameter
from functions.api.operations.parameters import FLAG, FLEET, VERSION, limit
from functions.api.operations.statuses import BAD

OPERATIONS: Final[Mapping[str, Operation]] = {
    "list_conditioning": Operation({200: (InProgress,)}, query={"fleet": Parameter(FLEET)}),
    "list_datasets": Operation(
        {200: (Datasets,)},
        {400: BAD, 404: "There is no such fleet or dataset."},
        query={
            "fleet": Parameter(FLEET),
            "dataset": Parameter("Only this dataset."),
            "all": Parameter("Every version, and not only the present one of each cell.", FLAG),
            **limit(20, 1000),
        },
    ),
    "get_dataset": Operation({200: (DescribedVersion,)}, {404: "There is no such version, or it expired."}, VERSION),
    "list_quarantine": Operation(
        {200: (Quarantine,)},
        {400: BAD},
        query={
            "source": Parameter("Only of this source of a fleet file."),
            "file": Parameter("Only of this raw file, by its path."),
            **limit(20, 200),
        },
    ),
    "read_quarantine": Operation(
        {200: (RejectedRows,)},
        {400: BAD, 404: "Nothing of that path is in quarantine."},
        {
            "path": Parameter(
                "SOURCE/ID.csv, as `GET /api/quarantine` lists it; its slashes are written as they are.",
                example="flights/2013-01.csv",
            )
        },
        {
            "rule": Parameter("Only rows that break this rule."),
            "after": Parameter(
                "Where to go on: `next` of the page before.",
                {"type": "integer", "minimum": 0, "maximum": 10**15 - 1, "default": 0},
            ),
            **limit(100, 1000),
        },
    ),
}
