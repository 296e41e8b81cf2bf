"""A Data Factory beside a running stack, and where its activities wait to be called back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.data_factory.executor import ActivityFailedError, Factory
from tests.data_factory.listener import CallbackListener
from tests.e2e.running import Running

type Requests = dict[str, dict[str, Any]]

WEBHOOK = "signalbox_webhook"
CONTRACTS = ("signalbox_function", "signalbox_web", WEBHOOK)


@dataclass
class Scene:
    """A stack and a Data Factory that calls it."""

    running: Running
    factory: Factory
    listener: CallbackListener

    def run(self, contract: str, operation: str, request: dict[str, Any], run_id: str) -> dict[str, Any]:
        """Run a pipeline; what its activities gave."""
        more = {"poll_seconds": 1} if contract == "signalbox_function" else {}
        app = self.running.stack.host_url
        return self.factory.run(contract, run_id, app=app, operation=operation, request=request, **more)

    def failure(self, contract: str, operation: str, request: dict[str, Any], run_id: str) -> ActivityFailedError:
        """Run a pipeline that must fail; how it did."""
        try:
            given = self.run(contract, operation, request, run_id)
        except ActivityFailedError as error:
            return error
        raise AssertionError(f"{contract} {operation} did not fail: {given}")

    def at_once[T](self, asked: Requests, run: Callable[..., T], word: str) -> dict[tuple[str, str], T]:
        """Each operation in each contract, side by side as in a factory; what came of it, by contract and operation.

        The two contracts that poll have the same run id, and so look at one run.
        """
        cases = [(contract, operation) for contract in CONTRACTS for operation in asked]
        ids = {
            (contract, operation): f"{word}-{operation}-{'called' if contract == WEBHOOK else 'polled'}"
            for contract, operation in cases
        }
        with ThreadPoolExecutor(len(cases)) as pool:
            found = {case: pool.submit(run, *case, asked[case[1]], ids[case]) for case in cases}
            return {case: one.result() for case, one in found.items()}

    def callbacks(self, run: str) -> list[dict[str, Any]]:
        """How the callbacks of a run ended, newest first."""
        return [one for one in self.running.deliveries("callback") if one["started"] == [run]]
