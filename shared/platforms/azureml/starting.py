"""Long-running operations of endpoints and deployments: started, never waited for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


class StartOnly:
    """The SDK's generated operations, of which none is polled.

    `begin_create_or_update` and `begin_delete` of the SDK's own classes take no `polling`, unlike those of its jobs,
    and each leaves a thread behind that asks every few seconds until Azure is done. Here durable timers ask.
    """

    def __init__(self, operations: Any) -> None:
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._operations, name)
        return _without_polling(found) if name.startswith("begin_") else found


def start_only(client: "MLClient") -> "MLClient":
    """The same client, whose endpoints and deployments are started only; nothing happens when it is so already."""
    _replace(client.online_endpoints, "_online_operation")
    _replace(client.online_deployments, "_online_deployment")
    return client


def _replace(operations: Any, attribute: str) -> None:
    """Two threads may both do it: they replace the same by the same."""
    generated = getattr(operations, attribute)
    if not isinstance(generated, StartOnly):
        setattr(operations, attribute, StartOnly(generated))


def _without_polling(begin: Callable[..., Any]) -> Callable[..., Any]:
    def start(*args: Any, **kwargs: Any) -> Any:
        return begin(*args, **{**kwargs, "polling": False})

    return start
