"""Taking models and datasets out of service that no fleet file has any more."""

import operator
from typing import Final

from pydantic import Field

from shared.contracts.base import Contract, Instant, absent
from shared.contracts.policy import ModelPolicy
from shared.contracts.release import Serving

#: The code of what stops because a fleet file has the model again.
BACK_IN_FLEET: Final = "BackInFleet"


class RetireModelInput(Contract):
    """Input of `retire_model`.

    Attributes:
        attempt: The interlock's number of this retirement.
        policy: What the fleet file said last.
        champion: The version in production; absent when there is none.
        serving: Where its predictions come from.
        stands_in: The baseline's registered model, where `champion` is a version of that.
    """

    model: str
    attempt: int
    policy: ModelPolicy
    requested_by: str
    at: Instant
    champion: str | None = None
    serving: Serving | None = None
    # Left out at its default: histories from before it was there replay.
    stands_in: str | None = Field(default=None, exclude_if=absent)
    trace: str | None = None


class RetirementOutcome(Contract):
    """Result of `retire_model`.

    Attributes:
        back: Whether it was not retired because a fleet file has the model again.
    """

    model: str
    attempt: int
    retired: bool
    reason: str
    back: bool = Field(default=False, exclude_if=operator.not_)  # histories from before it was there replay


class WithdrawTrafficInput(Contract):
    """Input of `withdraw_traffic`: nobody is sent to a model's deployments behind an endpoint any more.

    Attributes:
        retiring: Whether the model goes out of service, which stops when a fleet file has it again; otherwise it
            serves elsewhere, or by a route.
        confirming: Whether a change was begun for this before, whose end is to be found.
        also: Deployments that serve for it though another model is deployed there: a baseline stands in.
    """

    model: str
    endpoint: str
    retiring: bool = Field(default=True, exclude_if=bool)  # histories from before it was there replay
    confirming: bool = Field(default=False, exclude_if=operator.not_)  # likewise
    also: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)  # likewise
    trace: str | None = None


class WithdrawnTraffic(Contract):
    """Result of `withdraw_traffic`.

    Attributes:
        deployments: Those that serve for the model, which can be deleted once they have no traffic.
        others: How many deployments of other models the endpoint has.
        begun: Whether a change of the traffic was begun whose end is not known yet; otherwise they have none.
    """

    endpoint: str
    deployments: tuple[str, ...]
    others: int
    begun: bool = Field(default=False, exclude_if=operator.not_)  # histories from before it was there replay


class EndpointKey(Contract):
    """Input of `delete_endpoint`."""

    endpoint: str
    trace: str | None = None


class EndpointDeleted(Contract):
    """Result of `delete_endpoint`; `deleted` is false when it is not ours, or something is, or will be, there."""

    endpoint: str
    deleted: bool


class RetiredModelKey(Contract):
    """Input of `withdraw_predictions` and `retire_champion`."""

    model: str
    trace: str | None = None


class PredictionsWithdrawn(Contract):
    """Result of `withdraw_predictions`; `last` is what was current, and stays where it is."""

    last: str | None


class ChampionRetired(Contract):
    """Result of `retire_champion`; `version` is the one that was champion, and stays registered."""

    model: str
    version: str | None


class RetireDatasetInput(Contract):
    """Input of `retire_dataset`, and of `conclude_waiting_cells`.

    Attributes:
        fleet: The fleet file's name, whether or not the app still has that file.
        dataset: The dataset's name in that file.
    """

    fleet: str
    dataset: str
    requested_by: str
    at: Instant
    trace: str | None = None

    @property
    def name(self) -> str:
        """What a person calls it: `flights/departures`."""
        return f"{self.fleet}/{self.dataset}"


class CellsConcluded(Contract):
    """Result of `conclude_waiting_cells`; with `more` it has to be asked again."""

    cells: int
    more: bool


class DatasetRetired(Contract):
    """Result of `retire_dataset`; `cells` were waiting for files, and do not wait any more."""

    dataset: str
    cells: int
