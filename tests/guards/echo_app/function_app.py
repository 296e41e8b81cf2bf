"""An app that sends every contract through an orchestrator and an activity, registered and bound as the app's own."""

from pathlib import Path
from typing import Any

import azure.durable_functions as df
from durabletask import task

from functions.boundary import Steps, activity, call, on_the_wire, orchestrator
from functions.registration import add_activity, add_orchestrator
from shared.contracts.base import Contract
from shared.errors import PermanentError, TransientError
from tests.guards.contract_values import all_contracts

app = df.DFApp()


class Attempts(Contract):
    """Where an activity notes each of its attempts."""

    file: str


def _echo(name: str, contract: type[Contract]) -> None:
    async def echo(order: Any) -> Any:
        return order

    def echo_all(context: task.OrchestrationContext, order: Any) -> Steps[Any]:
        return (yield from call(context, f"activity_{name}", order, contract))

    echo.__name__, echo.__annotations__ = f"activity_{name}", {"order": contract}
    echo_all.__name__, echo_all.__annotations__ = f"echo_{name}", {"order": contract}
    activity(echo)
    orchestrator(echo_all)
    add_activity(app, echo.__name__, lambda: on_the_wire(echo))
    add_orchestrator(app, echo_all.__name__, lambda: on_the_wire(echo_all))


for each in all_contracts().items():
    _echo(*each)


def _note(order: Attempts) -> int:
    path = Path(order.file)
    with path.open("a") as file:
        file.write("x")
    return len(path.read_text())


@activity
async def hopeless(order: Attempts) -> Attempts:
    """Fails for good."""
    _note(order)
    code = "Hopeless"
    raise PermanentError(code, "no attempt will help")


@activity
async def flaky(order: Attempts) -> Attempts:
    """Fails twice."""
    if _note(order) < 3:
        msg = "not yet"
        raise TransientError(msg)
    return order


@orchestrator
def call_hopeless(context: task.OrchestrationContext, order: Attempts) -> Steps[Attempts]:
    """Calls what fails for good."""
    return (yield from call(context, "hopeless", order, Attempts))


@orchestrator
def call_flaky(context: task.OrchestrationContext, order: Attempts) -> Steps[Attempts]:
    """Calls what fails twice."""
    return (yield from call(context, "flaky", order, Attempts))


add_activity(app, "hopeless", lambda: on_the_wire(hopeless))
add_activity(app, "flaky", lambda: on_the_wire(flaky))
add_orchestrator(app, "call_hopeless", lambda: on_the_wire(call_hopeless))
add_orchestrator(app, "call_flaky", lambda: on_the_wire(call_flaky))
