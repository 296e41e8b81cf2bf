"""An app that sends every contract through an orchestrator and an activity, by the app's own boundary."""

from pathlib import Path
from typing import Any

import azure.durable_functions as df
from durabletask import task

from functions.boundary import Steps, activity, call, orchestrator
from shared.contracts.base import Contract
from shared.errors import PermanentError, TransientError
from tests.guards.contract_values import all_contracts

app = df.DFApp()


class Attempts(Contract):
    """Where an activity notes each of its attempts."""

    file: str


def _echo(contract: type[Contract]) -> None:
    async def echo(order: Any) -> Any:
        return order

    def echo_all(context: task.OrchestrationContext, order: Any) -> Steps[Any]:
        return (yield from call(context, f"activity_{contract.__name__}", order, contract))

    echo.__name__, echo.__annotations__ = f"activity_{contract.__name__}", {"order": contract}
    echo_all.__name__, echo_all.__annotations__ = f"echo_{contract.__name__}", {"order": contract}
    activity(app)(echo)
    orchestrator(app)(echo_all)


for one in all_contracts().values():
    _echo(one)


def _note(order: Attempts) -> int:
    path = Path(order.file)
    with path.open("a") as file:
        file.write("x")
    return len(path.read_text())


@activity(app)
async def hopeless(order: Attempts) -> Attempts:
    """Fails for good."""
    _note(order)
    code = "Hopeless"
    raise PermanentError(code, "no attempt will help")


@activity(app)
async def flaky(order: Attempts) -> Attempts:
    """Fails twice."""
    if _note(order) < 3:
        msg = "not yet"
        raise TransientError(msg)
    return order


@orchestrator(app)
def call_hopeless(context: task.OrchestrationContext, order: Attempts) -> Steps[Attempts]:
    """Calls what fails for good."""
    return (yield from call(context, "hopeless", order, Attempts))


@orchestrator(app)
def call_flaky(context: task.OrchestrationContext, order: Attempts) -> Steps[Attempts]:
    """Calls what fails twice."""
    return (yield from call(context, "flaky", order, Attempts))
