"""Which ledgers there are, and what is known of them apart from the ledger itself. All of it blocks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions import adapters
from shared.lineage.anchors import KeptAnchor, check_anchors, known_heads
from shared.lineage.ledger import KnownHead, StoredChain, check_stored, head_of

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


def ledgered_models(anchors: Sequence[KeptAnchor]) -> list[str]:
    """Every model that has a ledger or ever had, by name.

    A model whose row in the read model was removed is in an anchor, and one that no fleet file has any more in both.
    """
    found = {row.model for row in adapters.read_model().all()}
    found |= {policy.model for policy in adapters.policies()}
    for one in anchors:
        found |= set(one.anchor.heads) if one.anchor else set()
    return sorted(found)
