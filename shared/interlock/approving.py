"""A person's word about a release that waits for it: bound to what they have looked at, and given once."""

from datetime import datetime

from shared.contracts.orders import ApprovalAnswered, Evidence
from shared.contracts.release import ApprovalWord, ReleaseWord
from shared.interlock.runs import Release
from shared.interlock.state import InterlockState
from shared.interlock.steps import Step, accept, refuse
from shared.interlock.telling import tell_release
from shared.interlock.values import changed


def on_approval(state: InterlockState, order: ApprovalAnswered, now: datetime) -> Step:
    """Somebody says yes or no; a no ends the release, which tells so itself."""
    release = state.release
    if release is None or release.queued or release.version != order.version:
        return refuse(state, _not_awaited(state, order.version))
    if release.answered is not None:
        return refuse(state, f"{release.answered} has answered for version {order.version} already.")
    evidence = release.evidence
    if evidence is None or release.phase != "awaiting_approval":
        where = f": it is {release.phase}" if release.phase else " yet"
        return refuse(state, f"The release of version {order.version} does not wait for an approval{where}.")
    if (wrong := _wrong(release, evidence, order, now)) is not None:
        return refuse(state, wrong)
    word = ReleaseWord(approved=ApprovalWord(approved=order.approved, by=order.by, reason=order.reason))
    said = "approved" if order.approved else "refused"
    reason = f"{order.by} {said} version {order.version}: {order.reason}"
    after = changed(state, release=changed(release, answered=order.by), reason=reason)
    return accept(after, reason, tell_release(release, word, order.trace))


def _wrong(release: Release, evidence: Evidence, order: ApprovalAnswered, now: datetime) -> str | None:
    if now >= evidence.deadline:
        return (
            f"The deadline was {evidence.deadline.isoformat()}, and no answer by then means no. "
            f"`signalbox release {order.model}@{order.version}` asks again."
        )
    if release.told is not None:
        return f"The release of version {order.version} is ending: {release.told}"
    changed_since = [
        what
        for what, said, is_now in (
            ("artifact", order.artifact_sha256, evidence.artifact_sha256),
            ("report", order.report_sha256, evidence.report_sha256),
        )
        if said != is_now
    ]
    if changed_since:
        what = " and the ".join(changed_since)
        return (
            f"The {what} of version {order.version} is not what was looked at: "
            f"`signalbox approve {order.model}@{order.version}` shows what waits now."
        )
    if order.approved and order.by == evidence.author:
        return f"{order.by} asked for the training of version {order.version}; somebody else has to approve it."
    return None


def _not_awaited(state: InterlockState, version: str) -> str:
    release, candidate = state.release, state.candidate(version)
    if release is not None and release.phase == "awaiting_approval":
        return f"Version {version} does not wait for an approval: version {release.version} does."
    if candidate.released is not None:
        ended = "it has been released" if candidate.released else "its release has ended"
        return f"Version {version} does not wait for an approval: {ended}."
    return f"Version {version} does not wait for an approval: no release of it is in flight."
