"""Standard CSV in pieces that end with a record: it is written by us, so that its quotes can be trusted."""

from collections.abc import Iterable, Iterator


def record_pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Bytes of standard CSV, cut where records end.

    Args:
        chunks: The bytes, cut anywhere.

    Yields:
        At least one record each; the header comes first, as a part of the first piece.
    """
    open_bytes = b""
    for chunk in chunks:
        open_bytes += chunk
        end = _last_end(open_bytes)
        if end:
            yield open_bytes[:end]
            open_bytes = open_bytes[end:]
    if open_bytes:
        yield open_bytes


def _last_end(content: bytes) -> int:
    """Offset past the last line feed that ends a record: one that has an even number of quotes before it."""
    quotes, end = content.count(b'"'), len(content)
    while (feed := content.rfind(b"\n", 0, end)) >= 0:
        quotes -= content.count(b'"', feed, end)
        if not quotes % 2:
            return feed + 1
        end = feed
    return 0
