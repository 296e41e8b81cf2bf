"""Function chaining: each step takes the result of the one before; a step that fails has the others undone."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from durabletask import task

from tests.local.patterns.apps.effects import WORLD

app = df.DFApp()


@app.orchestration_trigger(context_name="context")
def fulfil(context: task.OrchestrationContext, order: dict[str, Any]) -> Generator[Any, Any, Any]:
    """Reserve, charge, ship."""
    reservation = yield context.call_activity("reserve", input=order)
    try:
        receipt = yield context.call_activity("charge", input={**order, "reservation": reservation})
    except task.TaskFailedError as error:
        yield context.call_activity("release", input=order)
        return {"shipped": None, "because": error.details.message}
    parcel = yield context.call_activity("ship", input={**order, "receipt": receipt})
    return {"shipped": parcel}


@app.activity_trigger(input_name="order")
def reserve(order: dict) -> str:  # type: ignore[type-arg]  # the indexer refuses parameterized generics
    """Put the goods aside."""
    return str(WORLD.once(f"reserve {order['id']}", f"shelf of {order['id']}"))


@app.activity_trigger(input_name="order")
async def charge(order: dict) -> str:  # type: ignore[type-arg]  # as above
    """Take the money, unless there is none."""
    if order["money"] < 0:
        raise ValueError("the account is empty")
    return str(WORLD.once(f"charge {order['id']}", f"receipt for {order['reservation']}"))


@app.activity_trigger(input_name="order")
def ship(order: dict) -> str:  # type: ignore[type-arg]  # as above
    """Send the goods."""
    return str(WORLD.once(f"ship {order['id']}", f"parcel, {order['receipt']}"))


@app.activity_trigger(input_name="order")
def release(order: dict) -> None:  # type: ignore[type-arg]  # as above
    """Put the goods back."""
    WORLD.once(f"release {order['id']}", True)
