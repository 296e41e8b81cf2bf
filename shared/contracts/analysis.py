"""What is asked and found of a version that answers requests, before it gets more of them."""

from typing import Literal

from shared.contracts.base import Contract, Instant
from shared.contracts.platform_models import RequestCounts
from shared.contracts.release_policy import AnalysisPolicy


class AnalyseChallengerInput(Contract):
    """Input of `analyse_challenger`: ask the golden set's inputs, and see how real requests fared.

    Attributes:
        challenger: The deployment of the version under release.
        champion: The deployment that its predictions are compared with; absent where there is none.
        since: From when on real requests count; absent where it has had none yet.
        until: The moment of the analysis: what it asks itself comes later, and does not count.
    """

    fleet: str
    golden: str
    endpoint: str
    challenger: str
    champion: str | None = None
    limits: AnalysisPolicy
    since: Instant | None = None
    until: Instant
    trace: str | None = None


class Analysis(Contract):
    """Result of `analyse_challenger`.

    Attributes:
        outcome: `inconclusive` where too little is known to say whether the limits hold.
        reason: One sentence for a person, with the figures.
        probes: Requests that the analysis has asked itself.
        probes_failed: Those without an answer, or with one that is no number.
        seconds_p95: Within which 95 of 100 of them were answered.
        shift: Distance from the champion's predictions, as `AnalysisPolicy.max_shift`; absent without a champion.
        requests: Real ones; absent where it has had none yet.
    """

    outcome: Literal["passed", "failed", "inconclusive"]
    reason: str
    probes: int
    probes_failed: int
    seconds_p95: float | None = None
    shift: float | None = None
    requests: RequestCounts | None = None
