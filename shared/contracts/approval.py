"""Asking a person whether a version may go to production."""

import operator
from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract, absent
from shared.contracts.orders import Evidence
from shared.contracts.policy import ModelPolicy
from shared.contracts.release import Serving
from shared.contracts.release_policy import ApprovalReason

#: Why a person is asked: for a reason of the policy, or since an analysis could not tell whether the limits hold.
AskedBecause = ApprovalReason | Literal["inconclusive"]


class AskApprovalInput(Contract):
    """Input of `ask_approval`: tell those who may approve, wherever the fleet file says.

    Attributes:
        why: What the policy asks about, or `inconclusive`: nobody can tell how the version does.
        at: How far it has come when that is asked: `shadow`, `5 %`, `grace`, and so on; empty before anything serves.
        evidence: What an answer has to name.
        figures: The gates' figures, in one sentence.
        golden: How the golden set went.
        shadow: How it did beside the champion; empty where it did not run there.
        replaces: What serves now.
        champion: The version of this model that is in production; absent where that is not known, or there is none.
    """

    model: str
    policy: ModelPolicy
    version: str
    why: AskedBecause
    at: str = Field(default="", exclude_if=operator.not_)  # older histories replay
    evidence: Evidence
    figures: str
    golden: str
    shadow: str = ""
    replaces: Serving | None = None
    champion: str | None = Field(default=None, exclude_if=absent)  # older histories replay
    trace: str | None = None


class ApprovalAsked(Contract):
    """Result of `ask_approval`: who was told, by channel; empty where nobody could be."""

    told: tuple[str, ...]
