"""Aggregator: an entity takes in events from everywhere, one at a time, and keeps what they add up to."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from durabletask import task
from durabletask.entities import DurableEntity, EntityInstanceId

app = df.DFApp()


class Account(DurableEntity):
    """A balance, and how many movements made it."""

    def move(self, amount: int) -> None:
        """Add an amount."""
        state = self.get_state(dict, {"balance": 0, "movements": 0})
        self.set_state({"balance": state["balance"] + amount, "movements": state["movements"] + 1})

    def get(self, _: None = None) -> dict[str, int]:
        """The state."""
        return self.get_state(dict, {"balance": 0, "movements": 0})


app.entity_trigger(context_name="context", entity_name="account")(Account)


@app.orchestration_trigger(context_name="context")
def transfer(context: task.OrchestrationContext, order: dict[str, Any]) -> Generator[Any, Any, Any]:
    """Move money from one account to another, if there is enough: under the lock of both."""
    giver, taker = EntityInstanceId("account", order["from"]), EntityInstanceId("account", order["to"])
    with (yield context.lock_entities([giver, taker])):
        state = yield context.call_entity(giver, "get")
        if state["balance"] < order["amount"]:
            return False
        yield context.call_entity(giver, "move", -order["amount"])
        yield context.call_entity(taker, "move", order["amount"])
    return True
