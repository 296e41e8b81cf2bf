"""A person's word, where the policy asks for it: bound to what was found, and no answer means no."""

from datetime import timedelta
from typing import Final

from functions.boundary import Steps, call
from functions.orchestrators.releasing.release import ApprovalRefusedError, Release, Told
from functions.orchestrators.steps import STEP_FAILED, now
from shared import names
from shared.contracts.analysis import Analysis
from shared.contracts.approval import ApprovalAsked, AskApprovalInput, AskedBecause
from shared.contracts.orders import Evidence
from shared.contracts.release_policy import ApprovalPolicy, ApprovalReason

#: Of a whole SHA-256, in hexadecimal digits.
_HASH_LENGTH: Final = 64


def approve(release: Release, told: Told) -> Steps[None]:
    """Ask where the policy asks, and wait until somebody answers or the deadline has passed.

    Raises:
        ApprovalRefusedError: They said no, or nothing.
        ReleaseWithdrawnError: A newer version takes its place meanwhile.
    """
    why = _why_asked(release, told)
    if why is None:
        return
    release.waited = True
    yield from ask(release, told, why)


def ask_inconclusive(release: Release, analysis: Analysis, where: str) -> Steps[None]:
    """Ask whether to go on, though nobody can tell how the version does; production stays as it is meanwhile.

    The question is bound to the analysis: an earlier answer about the version does not fit.

    Raises:
        ApprovalRefusedError: They said no, or nothing.
        ReleaseWithdrawnError: It is not wanted any more, and nothing of production has changed yet.
    """
    told = release.told
    assert told is not None  # it has been tested before anything is watched
    report = names.content_hash(told.verified.report_sha256, where, analysis.to_wire(), length=64)
    bound = told.verified.model_copy(update={"report_sha256": report})
    seen = f"{told.shadow} {where}: {analysis.reason}".strip()
    yield from ask(release, told._replace(verified=bound, shadow=seen), "inconclusive", part=f"-{where}")


def ask(release: Release, told: Told, why: AskedBecause, part: str = "") -> Steps[None]:
    """Ask, and wait for the answer; no answer by the deadline means no.

    Args:
        release: The release.
        told: What the answer is bound to.
        why: What is asked.
        part: Tells the question from others of this release in the ledger.

    Raises:
        ApprovalRefusedError: They said no, or nothing.
        ReleaseWithdrawnError: A newer version takes its place meanwhile.
    """
    order = release.order
    evidence = _evidence(release, told)
    until = f"Version {order.version} waits for a person's word until {evidence.deadline}."
    release.rest("awaiting_approval", until, evidence)
    question = AskApprovalInput(
        model=order.model,
        policy=order.policy,
        version=order.version,
        why=why,
        at=part.removeprefix("-"),
        evidence=evidence,
        figures=told.verified.summary,
        golden=told.golden.reason,
        shadow=told.shadow,
        replaces=order.replaces,
        champion=order.champion,
        trace=order.trace,
    )
    told_to = yield from _tell_people(release, question)
    asked = (
        f"Asked because of {why}, until {evidence.deadline.isoformat()}; told: {', '.join(told_to) or 'no channel'}."
    )
    yield from release.note("ApprovalAsked", asked, {**evidence.to_wire(), "told": list(told_to)}, part=part)
    yield from _answered(release, evidence, part)


def _evidence(release: Release, told: Told) -> Evidence:
    """What the answer is bound to, and until when it is waited for."""
    order, policy = release.order, release.order.policy.release.approval or ApprovalPolicy(reasons=())
    return Evidence(
        version=order.version,
        artifact_sha256=told.verified.artifact_sha256,
        report_sha256=names.content_hash(
            told.verified.report_sha256, told.golden.to_wire(), told.shadow, length=_HASH_LENGTH
        ),
        author=told.verified.author if policy.by == "not_author" else None,
        deadline=now(release.context) + timedelta(minutes=policy.within_minutes),
    )


def _answered(release: Release, evidence: Evidence, part: str) -> Steps[None]:
    """Wait for the answer, and write it down.

    Raises:
        ApprovalRefusedError: They said no, or nothing.
        ReleaseWithdrawnError: A newer version takes its place meanwhile.
    """
    version, answer = evidence.version, None
    while answer is None:
        word = yield from release.words.wait(evidence.deadline)
        if word is None:
            told_of = f"Nobody approved version {version} by {evidence.deadline.isoformat()}, which means no"
            yield from release.note("ApprovalExpired", told_of, part=part)
            raise ApprovalRefusedError(told_of)
        answer = release.heed(word).approved
    effect = "Approved" if answer.approved else "Refused"
    said = {**evidence.to_wire(), "by": answer.by}
    yield from release.note(effect, f"{answer.by}: {answer.reason}", said, part=part)
    if not answer.approved:
        raise ApprovalRefusedError(f"{answer.by} refused version {version}: {answer.reason}")


def _tell_people(release: Release, question: AskApprovalInput) -> Steps[tuple[str, ...]]:
    """Whom it could be told; whether or not it was anybody, the page and the command line show that it waits."""
    try:
        asked = yield from call(release.context, names.ASK_APPROVAL, question, ApprovalAsked)
    except STEP_FAILED:
        return ()
    return asked.told


def _why_asked(release: Release, told: Told) -> ApprovalReason | None:
    policy = release.order.policy.release.approval
    if policy is None:
        return None
    holds: dict[ApprovalReason, bool] = {
        "every_release": True,
        "override": bool(release.order.overridden) or told.verified.excepted,
        "first_release": release.order.replaces is None,
    }
    return next((reason for reason in policy.reasons if holds[reason]), None)
