"""What was done to models, hash-chained, and whether it is as it was written."""

from collections.abc import Mapping
from typing import Final

from functions.api.answers.ledger import Anchors, LedgerRows, VerifiedLedger, VerifiedLedgers
from functions.api.operations.operation import Operation, Parameter
from functions.api.operations.parameters import NAME, limit
from functions.api.operations.statuses import BAD, NO_MODEL_YET

OPERATIONS: Final[Mapping[str, Operation]] = {
    "get_ledger": Operation({200: (LedgerRows,)}, path=NAME),
    "verify_ledger": Operation({200: (VerifiedLedger,)}, {404: NO_MODEL_YET}, NAME),
    "verify_ledgers": Operation(
        {200: (VerifiedLedgers,)},
        {400: BAD},
        query={"after": Parameter("Where to go on: `next` of the page before."), **limit(50, 200)},
    ),
    "list_anchors": Operation({200: (Anchors,)}, query={"model": Parameter("Only this model's heads.")}),
}
