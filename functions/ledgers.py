"""Which ledgers there are, and what is known of them apart from the ledger itself. All of it blocks."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions import adapters
from shared.contracts.ledger import LedgerRow
from shared.errors import PermanentError
from shared.lineage.anchors import KeptAnchor, check_anchors, known_heads
from shared.lineage.ledger import KnownHead, StoredChain, check_stored, head_of
from shared.lineage.story import shown_version, tell
from shared.lineage.trail import manifest_of

#: Anchors that a check looks back. The newest one has carried what earlier ones found.
ANCHORS_READ: Final = 8


@dataclass(frozen=True)
class Checked:
    """A model's chain, and what is wrong with it.

    Attributes:
        anchors: What the chain was held against, newest first.
    """

    model: str
    chain: StoredChain
    anchors: Sequence[KeptAnchor]
    findings: tuple[str, ...]

    @property
    def exists(self) -> bool:
        """Whether anything is known of it: a chain that is gone is not one that never was."""
        return bool(self.chain.rows or self.findings)

    def to_json(self) -> dict[str, Any]:
        """As the doors tell it."""
        known = known_heads(self.anchors, self.model)
        rows = self.chain.rows
        return {
            "model": self.model,
            "rows": len(rows),
            "head": head_of(rows[-1]).to_wire() if rows else None,
            "anchored": {**known[0].head.to_wire(), "by": known[0].by} if known else None,
            "findings": list(self.findings),
        }


def read_anchors() -> list[KeptAnchor]:
    """The newest anchors, newest first."""
    return adapters.anchors().newest(ANCHORS_READ)


def findings_of(anchors: Sequence[KeptAnchor], model: str | None = None) -> list[str]:
    """What is wrong with the anchors themselves, and what the newest one has found, of one model or of all."""
    return check_anchors(anchors, whole=len(anchors) < ANCHORS_READ, model=model)


def check_ledger(model: str, anchors: Sequence[KeptAnchor], witnessed: Iterable[KnownHead] = ()) -> Checked:
    """Hold a model's chain against itself, against anchors, and against what else is known of it.

    Args:
        model: Its name; one that is not known has no rows and no findings.
        anchors: As `read_anchors` gives them, read before the chain: a chain may be ahead of them, never behind.
        witnessed: Heads that its interlock was told of, read before the chain as well.
    """
    chain = adapters.ledger().chain(model)
    known = [*known_heads(anchors, model), *witnessed]
    return Checked(model, chain, anchors, tuple(check_stored(chain, known)))


def manifest_for(version: str, rows: Sequence[LedgerRow]) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The manifest of the dataset version that a version was trained on, and what is wrong with it.

    Args:
        version: Of the model.
        rows: The model's ledger, oldest first.

    Returns:
        No manifest where the ledger names none, where it has expired, or is not the one that the ledger names.
    """
    named = manifest_of(version, rows)
    content = _read(named.path) if named else None
    if named is None or content is None:
        return None, ()
    if hashlib.sha256(content).hexdigest() != named.sha256:
        return None, (f"manifest: {named.path} is not the one that row {named.row} names",)
    return json.loads(content), ()


def ledgered_models(anchors: Sequence[KeptAnchor]) -> list[str]:
    """Every model that has a ledger or ever had, by name.

    A model whose row in the read model was removed is in an anchor, and one that no fleet file has any more in both.
    """
    found = {row.model for row in adapters.read_model().all()}
    found |= {policy.model for policy in adapters.policies()}
    for one in anchors:
        found |= set(one.anchor.heads) if one.anchor else set()
    return sorted(found)


def tell_story(
    model: str, rows: Sequence[LedgerRow], findings: Sequence[str], version: str | None = None
) -> dict[str, Any]:
    """A model's ledger as `shared.lineage.story.tell` tells it, with the manifest of the data that it was trained on.

    Args:
        model: Its name.
        rows: Its ledger, oldest first.
        findings: What a check of it has found; a manifest that is another one than the ledger names is found here.
        version: The one that is asked about; that in production, or else the last one, unless given.
    """
    shown = version or shown_version(rows)
    manifest, wrong = manifest_for(shown, rows) if shown else (None, ())
    return tell(model, rows, version=version, findings=[*findings, *wrong], manifest=manifest)


def _read(path: str) -> bytes | None:
    """A blob's bytes; `None` when it has expired."""
    try:
        return adapters.data().read(path)
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None
