"""How models stand, and why."""

from collections.abc import Mapping
from typing import Final

from functions.api.answers.fleets import Fleets
from functions.api.answers.models import ModelNow, Models, Observed
from functions.api.answers.why import Why
from functions.api.operations.examples import ASKED_BY
from functions.api.operations.operation import Body, Operation, Parameter
from functions.api.operations.parameters import FLAG, NAME
from functions.api.operations.statuses import BAD, BEGUN, NO_MODEL, NO_MODEL_YET
from functions.triggers.observations import Observation
from functions.triggers.reproduction import ReproduceRequest

OPERATIONS: Final[Mapping[str, Operation]] = {
    "list_models": Operation(
        {200: (Models,)},
        {400: BAD},
        query={"brief": Parameter("`true` leaves out past decisions, requests, gates and datasets.", FLAG)},
    ),
    "get_model": Operation({200: (ModelNow,)}, {404: NO_MODEL_YET}, NAME),
    "why_model": Operation(
        {200: (Why,)},
        {404: NO_MODEL_YET},
        NAME,
        {"version": Parameter("Of this version, whether or not it is in production.")},
    ),
    "observe": Operation(
        {202: (Observed,)},
        {400: BAD, 404: NO_MODEL},
        NAME,
        body=Body(
            (Observation,),
            example={"version": "7", "period": "2026-W47", "figures": {"mape": 0.31}, "reference": {"mape": 0.52}},
        ),
    ),
    "reproduce": Operation(
        BEGUN,
        {400: BAD, 404: NO_MODEL},
        {**NAME, "version": Parameter("Of the registered model.", example="7")},
        body=Body((ReproduceRequest,), required=False, example=ASKED_BY),
    ),
    "list_fleets": Operation({200: (Fleets,)}),
}
