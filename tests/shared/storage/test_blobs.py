"""What every BlobStore does, against a real Azurite."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from shared.contracts.conditioning import BlobPlace
from shared.errors import PermanentError
from shared.storage.account import blob_service
from shared.storage.base import BlobStore
from shared.storage.blobs import AzureBlobStore

pytestmark = pytest.mark.stack


@pytest.fixture
def store(azurite: str, container: str) -> BlobStore:
    """A store whose container does not exist yet."""
    return AzureBlobStore(azurite, container)


def test_a_container_that_is_not_there_yet_is_empty_and_usable(store: BlobStore) -> None:
    """The container is made at its first use."""
    assert store.list("") == []
    store.write("a/b.csv", b"1")
    assert store.read("a/b.csv") == b"1"


def test_list_gives_blobs_under_a_prefix_by_path(store: BlobStore, container: str) -> None:
    """Arrivals carry path, size, an ETag without quotes, and when they were written."""
    for path in ("raw/b.csv", "raw/a ü.csv", "other/c.csv"):
        store.write(path, b"12345")
    first, second = store.list("raw/")
    assert [first.path, second.path] == ["raw/a ü.csv", "raw/b.csv"]
    assert (first.container, first.size) == (container, 5)
    assert '"' not in first.etag
    assert abs(first.at - datetime.now(UTC)) < timedelta(minutes=5)


def test_folders_of_a_hierarchical_account_are_not_files(store: BlobStore, azurite: str, container: str) -> None:
    """Such accounts list folders as empty blobs with a mark."""
    store.write("raw/a.csv", b"1")
    client = blob_service(azurite).get_blob_client(container, "raw/sub")
    client.upload_blob(b"", metadata={"hdi_isfolder": "true"})
    assert [arrival.path for arrival in store.list("raw")] == ["raw/a.csv"]


def test_read_with_an_etag_gives_that_version_only(store: BlobStore) -> None:
    """A file that was replaced since it was listed is not read by mistake."""
    store.write("a.csv", b"old")
    etag = store.list("a.csv")[0].etag
    assert store.read("a.csv", etag) == b"old"
    store.write("a.csv", b"new")
    with pytest.raises(PermanentError, match="was replaced") as caught:
        store.read("a.csv", etag)
    assert caught.value.code == "BlobChanged"
    assert store.read("a.csv") == b"new"


def test_a_blob_is_located_without_credentials(store: BlobStore, container: str) -> None:
    """By container and path, also when it is gone; Azurite keeps no versions, so none is told."""
    store.write("raw/a ü.csv", b"1")
    (arrival,) = store.list("raw/")
    found = store.locate(arrival.path, arrival.etag)
    assert found.url.endswith(f"/{container}/raw/a%20%C3%BC.csv")
    assert "?" not in found.url
    assert found.version is None
    store.delete(arrival.path)
    assert store.locate(arrival.path, arrival.etag) == found


def test_a_version_is_told_only_of_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an account that keeps versions: that of the same ETag, and none of a blob that was replaced since."""
    blob = SimpleNamespace(
        url="https://account.blob.core.windows.net/landing/a.csv?sig=secret",
        get_blob_properties=lambda: SimpleNamespace(etag='"0x1"', version_id="2026-11-21T07:00:00.1Z"),
    )
    service = SimpleNamespace(get_container_client=lambda _: SimpleNamespace(get_blob_client=lambda _: blob))
    monkeypatch.setattr("shared.storage.blobs.blob_service", lambda _: service)
    store = AzureBlobStore("https://account.blob.core.windows.net", "landing")
    url = "https://account.blob.core.windows.net/landing/a.csv"
    assert store.locate("a.csv", "0x1") == BlobPlace(url=url, version="2026-11-21T07:00:00.1Z")
    assert store.locate("a.csv", "0x2") == BlobPlace(url=url)


def test_a_missing_blob_is_named(store: BlobStore) -> None:
    """The error says which blob, in which container."""
    store.write("there.csv", b"")
    with pytest.raises(PermanentError, match=r"missing\.csv") as caught:
        store.read("missing.csv")
    assert caught.value.code == "BlobNotFound"


def test_write_once_keeps_the_first(store: BlobStore) -> None:
    """The second write is refused by the service, and its content is not taken."""
    assert store.write_once("a.json", b"first", content_type="application/json")
    assert not store.write_once("a.json", b"second", content_type="application/json")
    assert store.read("a.json") == b"first"


def test_of_many_that_write_once_one_wins(store: BlobStore) -> None:
    """The decision is the service's, so it holds between processes as well."""
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda number: store.write_once("a", str(number).encode()), range(8)))
    assert written.count(True) == 1
    assert store.read("a") == str(written.index(True)).encode()


def test_what_was_read_is_replaced(store: BlobStore) -> None:
    """The ETag that came with the bytes allows one write over them, and its successor's the next one."""
    store.write("a.json", b"first")
    for expected, wanted in ((b"first", b"second"), (b"second", b"third")):
        content, etag = store.read_tagged("a.json")
        assert content == expected
        assert store.replace("a.json", wanted, etag, content_type="application/json")
        assert not store.replace("a.json", b"late", etag, content_type="application/json")
    assert store.read("a.json") == b"third"


def test_what_is_gone_is_not_replaced(store: BlobStore) -> None:
    """It is told as a change, in a container that is there and in one that is not."""
    assert not store.replace("a.json", b"x", "0x8DE28C2D4B1C1A0")
    store.write("a.json", b"first")
    _, etag = store.read_tagged("a.json")
    store.delete("a.json")
    assert not store.replace("a.json", b"second", etag)
    assert store.list("") == []
    with pytest.raises(PermanentError) as caught:
        store.read_tagged("a.json")
    assert caught.value.code == "BlobNotFound"


def test_of_many_that_replace_one_version_one_wins(store: BlobStore) -> None:
    """The decision is the service's."""
    store.write("a", b"first")
    _, etag = store.read_tagged("a")
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda number: store.replace("a", str(number).encode(), etag), range(8)))
    assert written.count(True) == 1
    assert store.read("a") == str(written.index(True)).encode()


def test_the_content_type_is_kept(store: BlobStore, azurite: str, container: str) -> None:
    """A browser that opens the blob knows what it is."""
    store.write("a.csv", b"1", content_type="text/csv")
    assert store.replace("a.csv", b"2", store.read_tagged("a.csv")[1], content_type="text/csv")
    properties = blob_service(azurite).get_blob_client(container, "a.csv").get_blob_properties()
    assert properties.content_settings.content_type == "text/csv"


def test_an_empty_and_a_large_blob_come_back_whole(store: BlobStore) -> None:
    """Above 32 MiB the SDK reads in pieces."""
    large = bytes(range(256)) * (4096 * 33)
    store.write("empty", b"")
    store.write("large", large)
    assert store.read("empty") == b""
    assert store.read("large", store.list("large")[0].etag) == large


def test_a_deleted_blob_is_gone(store: BlobStore) -> None:
    """Twice is once, also in a container that nobody has used yet; the others stay."""
    store.delete("a/b.csv")
    for path in ("a/b.csv", "a/b.csv.bak"):
        store.write(path, b"1")
    for _ in range(2):
        store.delete("a/b.csv")
    assert [arrival.path for arrival in store.list("")] == ["a/b.csv.bak"]


def test_a_range_is_read_alone(store: BlobStore) -> None:
    """Fewer bytes at the end, none after it and none of an empty blob; a replaced blob is not read by mistake."""
    store.write("a.csv", b"0123456789")
    store.write("empty.csv", b"")
    etag = store.list("a.csv")[0].etag
    assert [store.read_range("a.csv", *part, etag) for part in ((0, 4), (8, 5), (10, 5), (99, 1))] == [
        b"0123",
        b"89",
        b"",
        b"",
    ]
    assert store.read_range("empty.csv", 0, 5) == b""
    store.write("a.csv", b"other")
    with pytest.raises(PermanentError, match="was replaced"):
        store.read_range("a.csv", 0, 4, etag)


def _commit(store: BlobStore, run: str, *blocks: str) -> bool:
    return store.commit("big.csv", blocks, run=run, content_type="text/csv")


def test_staged_blocks_become_a_blob_in_the_order_of_the_commit(store: BlobStore) -> None:
    """Whatever the order in which they were staged; a block staged twice is in it once."""
    for block, content in (("r1-2", b"c"), ("r1-0", b"x"), ("r1-1", b"b"), ("r1-0", b"a")):
        store.stage("big.csv", block, content)
    assert store.list("big.csv") == []
    assert _commit(store, "r1", "r1-0", "r1-1", "r1-2")
    assert store.read("big.csv") == b"abc"


def test_a_repeated_commit_recognizes_its_own(store: BlobStore) -> None:
    """Its blocks are no longer staged, but the blob says whose it is."""
    store.stage("big.csv", "r1-0", b"a")
    assert [_commit(store, "r1", "r1-0"), _commit(store, "r1", "r1-0")] == [True, True]


def test_two_runs_cannot_mix(store: BlobStore) -> None:
    """The first commit wins; the other's blocks are dropped, what it stages later changes nothing, and it is told."""
    for run in ("r1", "r2"):
        store.stage("big.csv", f"{run}-0", run.encode())
    assert _commit(store, "r2", "r2-0")
    store.stage("big.csv", "r1-0", b"late")
    assert not _commit(store, "r1", "r1-0")
    assert store.read("big.csv") == b"r2"


def test_of_many_that_commit_at_once_one_wins(store: BlobStore) -> None:
    """The decision is the service's."""
    runs = [f"r{number}" for number in range(8)]
    for run in runs:
        store.stage("big.csv", f"{run}-0", run.encode())
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda run: _commit(store, run, f"{run}-0"), runs))
    assert won.count(True) == 1
    assert store.read("big.csv").decode() == runs[won.index(True)]


def test_a_lost_block_is_named(store: BlobStore) -> None:
    """A commit of what was never staged makes nothing."""
    store.stage("big.csv", "r1-0", b"a")
    with pytest.raises(PermanentError, match="is gone") as caught:
        _commit(store, "r1", "r1-0", "r1-1")
    assert caught.value.code == "BlocksLost"
    assert store.list("big.csv") == []
