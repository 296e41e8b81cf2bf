"""What is answered of an orchestration: that it goes on, and how it stands."""

from typing import Literal

from pydantic import ConfigDict, JsonValue

from shared.contracts.base import Contract


class Begun(Contract):
    """What goes on, and where to look how it stands.

    With function keys there are more addresses, the platform's own: to end it, to send it an event, to delete it.

    Attributes:
        id: Of the orchestration; `GET /api/traces/{id}` tells what it led to.
        statusQueryGetUri: Answers 202 while it goes on, 200 when it is done, 500 when it has failed.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    statusQueryGetUri: str  # noqa: N815 - the platform's word


class Status(Contract):
    """How an orchestration stands.

    Attributes:
        name: The orchestrator.
        customStatus: The step that it is at, where it says so.
        output: Its result, or why it failed.
    """

    name: str
    instanceId: str  # noqa: N815 - the platform's word, as those below
    runtimeStatus: Literal["Pending", "Running", "Suspended", "Completed", "Failed", "Terminated"]  # noqa: N815
    customStatus: JsonValue  # noqa: N815
    output: JsonValue
