"""Anchors in a container, against a real Azurite."""

from datetime import timedelta

import pytest

from shared.contracts.ledger import LedgerAnchor, LedgerHead
from shared.lineage.anchors import path_of
from shared.storage.anchors import BlobAnchors
from shared.storage.blobs import AzureBlobStore
from tests.shared.lineage.chains import AT

pytestmark = pytest.mark.stack


def _anchor(hour: int, sequence: int = 1) -> LedgerAnchor:
    return LedgerAnchor(at=AT + timedelta(hours=hour), heads={"m": LedgerHead(sequence=sequence, hash="h")})


def test_anchors_are_kept_as_they_were_written_first(azurite: str, container: str) -> None:
    """A second write under the same name changes nothing, and gives what is there; bytes that are none are told."""
    store = AzureBlobStore(azurite, container)
    anchors = BlobAnchors(store)
    assert anchors.newest(8) == []
    written = [anchors.write(path_of(_anchor(hour).at), _anchor(hour)) for hour in range(3)]
    assert anchors.write(written[1].path, _anchor(1, sequence=9)) == written[1]
    assert anchors.newest(2) == [written[2], written[1]]
    assert anchors.read(written[0].path) == written[0]
    assert anchors.read("none") is None

    store.write(written[2].path, b"{}")
    broken, *others = anchors.newest(8)
    assert (broken.path, broken.anchor, others) == (written[2].path, None, [written[1], written[0]])
    assert broken.sha256 != written[2].sha256
