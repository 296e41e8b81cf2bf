"""What is answered of the app itself: what it reaches, which code it is, and what it has lost."""

from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract


class PartHealth(Contract):
    """One thing that the app needs.

    Attributes:
        ok: Whether it answers.
        detail: Of what kind the failure is; the app's log has the reason.
    """

    name: Literal["fleets", "storage", "durable"]
    ok: bool
    detail: str


class DroppedTelemetry(Contract):
    """Spans or figures that never arrived where telemetry goes.

    Attributes:
        exporter: Which one, as in `SIGNALBOX_TELEMETRY`; its figures are `EXPORTER_metrics`.
        reason: `full`: too many waited. `refused`: they were not taken, or not in time. `closed`: telemetry was ended.
        count: Since the process began.
    """

    exporter: str
    reason: Literal["full", "refused", "closed"]
    count: int


class Health(Contract):
    """Whether the app reaches what it needs, which code it is, and what is under way.

    Attributes:
        healthy: Whether all parts answer.
        version: Of Signalbox.
        commit: That the package was made of, as it says itself; empty where it does not.
        code: SHA-256 of the app's own files, to be compared with that of a checkout.
        python: The interpreter's version.
        fleets: How many models each has.
        in_flight: How many orchestrations have begun or wait to begin, by name.
        stranded: Names of those that this code does not have any more: they cannot end.
        dropped: Telemetry that was lost, as the instance knows that answered.
    """

    healthy: bool
    version: str
    commit: str
    code: str = Field(pattern="^[0-9a-f]{64}$")
    python: str
    parts: tuple[PartHealth, ...]
    fleets: dict[str, int]
    in_flight: dict[str, int]
    stranded: tuple[str, ...]
    dropped: tuple[DroppedTelemetry, ...]
