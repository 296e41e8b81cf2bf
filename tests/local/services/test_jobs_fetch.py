"""The download of a job's remote inputs, against a small stand-in of the blob service."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from local.services.jobs.definitions import Data
from local.services.jobs.fetch import Wanted, fetch_all


class BlobServer:
    """Lists and serves ``blobs`` of the container ``landing``; ``failures`` are the next statuses to answer."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.failures: list[int] = []
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                if outer.failures:
                    self._answer(outer.failures.pop(0), b"")
                    return
                url = urlsplit(self.path)
                query = parse_qs(url.query)
                name = url.path.removeprefix("/account/landing").removeprefix("/")
                if "comp" in query:
                    self._answer(200, outer.listing(query.get("prefix", [""])[0]))
                elif name in outer.blobs:
                    self._answer(206, outer.blobs[name])
                else:
                    self._answer(404, b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Range", f"bytes 0-{max(0, len(body) - 1)}/{len(body)}")
                self.send_header("Content-Type", "application/xml")
                self.send_header("ETag", '"1"')
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.connection = (
            "DefaultEndpointsProtocol=http;AccountName=account;AccountKey=YQ==;"
            f"BlobEndpoint=http://127.0.0.1:{self.server.server_port}/account;"
        )

    def listing(self, prefix: str) -> bytes:
        """The XML of List Blobs, without paging."""
        names = [name for name in self.blobs if name.startswith(prefix)]
        items = "".join(f"<Blob><Name>{name}</Name><Properties/></Blob>" for name in names)
        return f"<EnumerationResults><Blobs>{items}</Blobs><NextMarker/></EnumerationResults>".encode()


@pytest.fixture
def blobs() -> Iterator[BlobServer]:
    """A running stand-in."""
    blob_server = BlobServer()
    thread = threading.Thread(target=blob_server.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield blob_server
    blob_server.server.shutdown()
    blob_server.server.server_close()
    thread.join()


def wanted(target: Path, path: str, kind: str = "uri_folder") -> list[Wanted]:
    """One input of a datastore."""
    data = Data.model_validate({"type": kind, "path": f"azureml://datastores/landing/paths/{path}"})
    return [Wanted(data, target)]


def test_folder_keeps_its_relative_names(blobs: BlobServer, tmp_path: Path) -> None:
    """All blobs below the prefix and none of a neighbour with a similar name; a second call downloads nothing."""
    blobs.blobs = {"words/one.txt": b"1", "words/deep/two.txt": b"2", "words-2/no.txt": b"no"}
    one = wanted(tmp_path / "in" / "data", "words/")
    fetch_all(one, blobs.connection, "")
    found = {str(file.relative_to(tmp_path / "in")) for file in (tmp_path / "in").rglob("*") if file.is_file()}
    assert found == {"data/one.txt", "data/deep/two.txt"}
    asked = blobs.requests
    fetch_all(one, blobs.connection, "")
    assert blobs.requests == asked


def test_file_is_a_file(blobs: BlobServer, tmp_path: Path) -> None:
    """A uri_file is one blob, under the name that the plan expects."""
    blobs.blobs = {"words/one.txt": b"1"}
    fetch_all(wanted(tmp_path / "in" / "one.txt", "words/one.txt", "uri_file"), blobs.connection, "")
    assert (tmp_path / "in" / "one.txt").read_bytes() == b"1"


@pytest.mark.parametrize(("path", "kind"), [("absent/", "uri_folder"), ("absent.txt", "uri_file")])
def test_nothing_there_ends_with_one_line(blobs: BlobServer, tmp_path: Path, path: str, kind: str) -> None:
    """What does not exist is not tried again, and no empty folder is taken for data."""
    with pytest.raises(SystemExit, match=r"azureml://datastores/landing/paths/absent.*there is no"):
        fetch_all(wanted(tmp_path / "in" / "data", path, kind), blobs.connection, "")
    assert not (tmp_path / "in" / "data").exists()


def test_outage_is_waited_out(
    blobs: BlobServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the storage answers 503 the download goes on trying, and says so."""
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    blobs.blobs = {"words/one.txt": b"1"}
    blobs.failures = [503] * 3
    fetch_all(wanted(tmp_path / "in" / "data", "words"), blobs.connection, "")
    assert (tmp_path / "in" / "data" / "one.txt").exists()
    assert "trying again" in capsys.readouterr().out
    assert waits


def test_blob_name_cannot_leave_its_folder(blobs: BlobServer, tmp_path: Path) -> None:
    """A blob named with dots is refused, not written beside the folder."""
    blobs.blobs = {"words/../../evil.txt": b"x"}
    with pytest.raises(SystemExit, match="outside of its folder"):
        fetch_all(wanted(tmp_path / "in" / "data", "words/"), blobs.connection, "")
    assert not list(tmp_path.rglob("evil.txt"))
