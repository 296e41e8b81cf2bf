"""Stand-ins for the protobuf messages between a Functions host and its Python worker.

``azure_functions_runtime`` never imports protobuf: it builds its answers with the classes that the host hands over, and
reads requests by attribute. So plain objects do, with the field names of FunctionRpc.proto
(azure-functions-language-worker-protobuf), and nothing is serialised inside one process.
"""

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any


class Message:
    """Any message: its fields are what it was made with."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    if TYPE_CHECKING:  # the fields are known to the protocol only

        def __getattr__(self, name: str) -> Any: ...


class TypedData(Message):
    """A value on the wire: exactly one field, named by its kind (string, json, bytes, http, int, double)."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's own name, called by the library
        """Name of the field that is set."""
        return next(iter(self.__dict__), None)

    @property
    def kind(self) -> str | None:
        """Name of the field that is set."""
        return self.WhichOneof("data")

    @property
    def content(self) -> Any:
        """What the field holds; None when nothing is set."""
        return next(iter(self.__dict__.values()), None)


class ParameterBinding(Message):
    """One argument of an invocation: ``name`` and ``data``."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's own name, called by the library
        """The host always sends the data itself, never a reference to shared memory."""
        return "data"


class StatusResult(Message):
    """Outcome: ``status`` and, when it failed, ``exception``."""

    Failure = 0
    Success = 1


class RpcException(Message):
    """An exception as text (``message``, ``stack_trace``), and the live one, which tells where an app failed."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.error: BaseException | None = sys.exc_info()[1]


class BindingInfo(Message):
    """A binding of an indexed function, with the enumerations that the library compares against."""

    undefined = 0
    out = 1
    inout = 2


class RpcHttpCookie(Message):
    """A cookie of an HTTP answer; its nullable fields hold a Message with ``value``, or None."""

    SameSite = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


MESSAGES = SimpleNamespace(
    BindingInfo=BindingInfo,
    FunctionMetadataResponse=Message,
    InvocationResponse=Message,
    NullableBool=Message,
    NullableDouble=Message,
    NullableString=Message,
    NullableTimestamp=Message,
    ParameterBinding=ParameterBinding,
    RpcException=RpcException,
    RpcFunctionMetadata=Message,
    RpcHttp=Message,
    RpcHttpCookie=RpcHttpCookie,
    RpcRetryOptions=Message,
    StatusResult=StatusResult,
    Timestamp=Message,
    TypedData=TypedData,
    WorkerInitResponse=Message,
    WorkerMetadata=Message,
)
