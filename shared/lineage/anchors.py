"""Anchors: heads of all chains, kept in blobs that are written once, each with the hash of the one before.

An anchor is taken against the one before it: a chain that does not hold the row that was anchored has been cut or made
anew since, and then its old head stays in all anchors that follow, beside the finding. So the newest anchor is enough
to find out; the links between anchors show whether one of them was replaced or removed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Final

from shared.contracts.ledger import AnchorLink, LedgerAnchor, LedgerHead
from shared.lineage.ledger import KnownHead

#: The most findings that an anchor names; a breach of everything is told, not listed.
_FINDINGS: Final = 100
#: Two that find no anchor before them within so long of each other have not seen each other.
_MOMENT: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class KeptAnchor:
    """An anchor as it was read back.

    Attributes:
        path: Its blob.
        sha256: Of its bytes.
        anchor: Absent when the bytes are none.
    """

    path: str
    sha256: str
    anchor: LedgerAnchor | None


@dataclass(frozen=True)
class SeenHead:
    """What a ledger shows of one chain.

    Attributes:
        now: Its head.
        anchored: The hash of the row that is now where the last anchor saw the head; absent without row or anchor.
    """

    now: LedgerHead | None
    anchored: str | None = None


def path_of(at: datetime) -> str:
    """The blob of an anchor; by name is by time."""
    moment = at.astimezone(UTC)
    return f"{moment:%Y/%m}/{moment:%Y-%m-%dT%H%M%SZ}.json"


def take_anchor(at: datetime, before: Sequence[KeptAnchor], seen: Mapping[str, SeenHead]) -> LedgerAnchor | None:
    """The next anchor.

    Args:
        at: When the heads were read.
        before: The newest anchors, newest first.
        seen: By model; those of the last anchor among them.

    Returns:
        The anchor; `None` when it would say what the last one says.
    """
    last = next((one for one in before if one.anchor is not None), None)
    known = last.anchor.heads if last and last.anchor else {}
    heads: dict[str, LedgerHead] = {}
    findings = [f"the anchor {one.path} cannot be read" for one in before[: before.index(last) if last else None]]
    for model in sorted(seen):
        head, finding = _carried(model, known.get(model), seen[model])
        if head is not None:
            heads[model] = head
        if finding is not None:
            findings.append(finding)
    told = tuple(findings[:_FINDINGS])
    if last and last.anchor and before[0] is last and (last.anchor.heads, last.anchor.findings) == (heads, told):
        return None
    link = AnchorLink(path=before[0].path, sha256=before[0].sha256) if before else None
    return LedgerAnchor(at=at, previous=link, heads=heads, findings=told)


def check_anchors(anchors: Sequence[KeptAnchor], *, whole: bool, model: str | None = None) -> list[str]:
    """What is wrong with the anchors themselves, and what the newest one has found.

    Args:
        anchors: The newest ones, newest first.
        whole: Whether these are all; what the oldest one follows is not looked at unless they are.
        model: The one whose findings are told; those of all unless given.
    """
    findings = []
    for one, before in zip_longest(anchors, anchors[1:]):
        if one.anchor is None:
            findings.append(f"anchors: {one.path} cannot be read")
            continue
        link = one.anchor.previous
        if before is not None and before.anchor is not None and _at_once(one.anchor, before.anchor):
            continue
        if before is not None and (link is None or link.path != before.path):
            follows = f"follows {link.path}" if link else "says that it is the first"
            findings.append(f"anchors: {one.path} {follows}, and {before.path} is before it")
        elif before is not None and link is not None and link.sha256 != before.sha256:
            findings.append(f"anchors: {before.path} is not as {one.path} saw it")
        elif before is None and link is not None and whole:
            findings.append(f"anchors: {one.path} follows {link.path}, which is gone")
    if anchors and anchors[0].anchor is not None:
        found = anchors[0].anchor.findings
        findings += [f"anchored: {told}" for told in found if model is None or told.startswith(f"{model}: ")]
    return findings


def known_heads(anchors: Iterable[KeptAnchor], model: str) -> list[KnownHead]:
    """The heads of a model in anchors, each once, newest first."""
    found: dict[LedgerHead, KnownHead] = {}
    for one in anchors:
        if one.anchor is not None and model in one.anchor.heads:
            head = one.anchor.heads[model]
            found.setdefault(head, KnownHead(head, f"the anchor of {one.anchor.at:%Y-%m-%d %H:%M} UTC"))
    return list(found.values())


def advanced(anchor: LedgerAnchor, before: LedgerAnchor | None) -> dict[str, LedgerHead]:
    """The heads of an anchor that are others than in the one before it, by model."""
    known = before.heads if before else {}
    return {model: head for model, head in sorted(anchor.heads.items()) if known.get(model) != head}


def _at_once(one: LedgerAnchor, other: LedgerAnchor) -> bool:
    """Whether two anchors were taken at once: both follow the same one, or are the first ones of nearly one moment."""
    if one.previous is not None or other.previous is not None:
        return one.previous == other.previous
    return abs(one.at - other.at) <= _MOMENT


def _carried(model: str, anchored: LedgerHead | None, seen: SeenHead) -> tuple[LedgerHead | None, str | None]:
    """The head to anchor of one chain, and what is wrong with it."""
    if anchored is None:
        return seen.now, None
    if seen.anchored is None:
        return anchored, f"{model}: row {anchored.sequence} is gone"
    if seen.anchored != anchored.hash:
        return anchored, f"{model}: row {anchored.sequence} is not the one that was anchored"
    if seen.now is None or seen.now.sequence < anchored.sequence:
        return anchored, f"{model}: the head is not row {anchored.sequence} or a later one"
    if seen.now.sequence == anchored.sequence and seen.now.hash != anchored.hash:
        return anchored, f"{model}: the head is not a copy of row {anchored.sequence}"
    return seen.now, None
