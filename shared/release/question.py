"""What a person is told who is asked whether a version may go to production."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from shared.contracts.approval import AskApprovalInput, AskedBecause
from shared.contracts.evaluation import Evaluation
from shared.contracts.ledger import LedgerRow
from shared.contracts.metrics import OF_RUN, kind_of
from shared.contracts.notification import Fact, Message
from shared.contracts.policy import GatePolicy
from shared.errors import PermanentError
from shared.evaluation.wording import show
from shared.names import content_hash
from shared.release.recorded import recorded

_WHY: Final[dict[AskedBecause, str]] = {
    "every_release": "the fleet file asks for every release",
    "first_release": "it is the model's first release",
    "override": "a gate that it failed was overridden",
    "inconclusive": "its analysis could not tell whether the limits hold",
}
#: What clients get while that is asked, by how far the version has come; a share of the traffic says so itself.
_MEANWHILE: Final = {
    "shadow": "It has had copies of requests only, so no client has got an answer of it yet.",
    "beside the champion": "No client is sent to it yet.",
    "before any traffic": "No client is sent to it yet.",
    "grace": "It has all of the traffic, and what served before stands ready to take over again.",
}


def question(order: AskApprovalInput, difference: str, link: str | None, chart: str | None = None) -> Message:
    """The message; the same for the same evidence, however often it is asked.

    Args:
        order: What is asked.
        difference: To the champion, in figures; empty where there is none.
        link: The page that tells more.
        chart: The model's figures over its versions.
    """
    target, evidence = f"{order.model}@{order.version}", order.evidence
    reason = "--reason '…'"
    return Message(
        key=f"approval-{content_hash(order.model, order.why, evidence.to_wire(), length=32)}",
        kind="approval",
        title=f"May version {order.version} of {order.model} go to production?",
        text=" ".join(_text(order)),
        facts=tuple(_facts(order, difference)),
        link=link,
        chart=chart,
        commands=(f"signalbox approve {target} {reason}", f"signalbox reject {target} {reason}"),
    )


def _text(order: AskApprovalInput) -> Iterator[str]:
    yield f"Somebody has to agree, since {_WHY[order.why]}."
    if order.why == "inconclusive" and order.at:
        yield _MEANWHILE.get(order.at, f"It has {order.at} of the traffic already.")
    yield f"No answer by {_moment(order.evidence.deadline)} means no."


def difference(
    version: str, rows: Sequence[LedgerRow], gates: Sequence[GatePolicy], champion: str | None = None
) -> str:
    """How a version's figures differ from the champion's: on the same rows, or each on its own.

    Args:
        version: That is asked about.
        rows: The model's ledger, oldest first; empty or incomplete, nothing is told.
        gates: Whose metrics count.
        champion: The version in production, where that is known; the one that was promoted last otherwise.
    """
    mine = _figures(version, rows)
    if mine is None:
        return ""
    known = mine.champion_ref.version if mine.champion_ref else None
    if mine.champion is not None and known is not None and champion in (None, known):
        return _compared(mine, Evaluation(model=mine.champion), gates, f"version {known}, on the same rows")
    promoted = (row.entry.facts.get("version") for row in reversed(rows) if row.entry.effect == "VersionPromoted")
    champion = champion or next((str(one) for one in promoted if str(one) != version), None)
    its = _figures(champion, rows) if champion is not None else None
    return "" if its is None else _compared(mine, its, gates, f"version {champion}, each on its own rows")


def _facts(order: AskApprovalInput, difference: str) -> Iterator[Fact]:
    told = {
        "Gates": order.figures,
        "Against the champion": difference,
        "Golden set": order.golden,
        "Beside the champion": order.shadow,
        "Serves now": _serving(order),
        "Asked for by": order.evidence.author or "",
        "Answer by": _moment(order.evidence.deadline),
        "Artifact": order.evidence.artifact_sha256,
        "Report": order.evidence.report_sha256,
    }
    yield from (Fact(title=title, value=value) for title, value in told.items() if value)


def _serving(order: AskApprovalInput) -> str:
    before = order.replaces
    if before is None:
        return "nothing yet"
    return before.published or f"{before.deployment} behind {before.endpoint}"


def _figures(version: str, rows: Sequence[LedgerRow]) -> Evaluation | None:
    model = rows[0].entry.model if rows else ""
    try:
        return recorded(model, version, rows).evaluation
    except PermanentError:
        return None


def _compared(mine: Evaluation, its: Evaluation, gates: Sequence[GatePolicy], which: str) -> str:
    metrics = dict.fromkeys(gate.metric for gate in gates if not gate.metric.startswith(OF_RUN))
    told = [
        f"{kind_of(metric).title} {show(metric, got)} (champion {show(metric, best)})"
        for metric in metrics
        for got, best in [(mine.model.get(metric), its.model.get(metric))]
        if best is not None
    ]
    return f"{', '.join(told)}; the champion is {which}" if told else ""


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
