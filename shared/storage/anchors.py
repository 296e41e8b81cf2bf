"""Anchors of the ledger in a container of their own, of which Azure can be told that nothing in it ever changes."""

import hashlib

from pydantic import ValidationError

from shared.contracts.ledger import LedgerAnchor
from shared.errors import PermanentError
from shared.lineage.anchors import KeptAnchor
from shared.storage.base import BlobStore


class BlobAnchors:
    """One blob per anchor, by time; implements `Anchors`.

    Args:
        store: The container, with nothing else in it.
    """

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def newest(self, limit: int) -> list[KeptAnchor]:
        """The newest anchors, newest first; one whose bytes are none is among them."""
        paths = sorted((blob.path for blob in self._store.list("")), reverse=True)
        return [_kept(path, self._store.read(path)) for path in paths[:limit]]

    def read(self, path: str) -> KeptAnchor | None:
        """One anchor."""
        try:
            return _kept(path, self._store.read(path))
        except PermanentError as error:
            if error.code != "BlobNotFound":
                raise
            return None

    def write(self, path: str, anchor: LedgerAnchor) -> KeptAnchor:
        """Write an anchor; the one that is there afterwards, which may be an earlier attempt's."""
        content = anchor.model_dump_json(indent=1).encode()
        if self._store.write_once(path, content, content_type="application/json"):
            return _kept(path, content)
        return _kept(path, self._store.read(path))


def _kept(path: str, content: bytes) -> KeptAnchor:
    digest = hashlib.sha256(content).hexdigest()
    try:
        return KeptAnchor(path, digest, LedgerAnchor.model_validate_json(content))
    except ValidationError:
        return KeptAnchor(path, digest, None)
