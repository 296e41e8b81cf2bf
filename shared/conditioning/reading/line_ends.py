"""Where a line ends: at a line feed, a carriage return, or both; and where it is cut off when it is shown."""


def end_of_line(content: bytes, place: int = 0, *, final: bool = False) -> int | None:
    """Offset past the end of the line that goes on at a place, in UTF-8 or any other superset of ASCII.

    Args:
        content: Bytes of a file.
        place: Where in them.
        final: Whether the file ends with the content; then so does its last line.

    Returns:
        `None` when the line, or the pair CR LF, may go on behind the content.
    """
    feed = content.find(b"\n", place)
    carriage = content.find(b"\r", place, None if feed < 0 else feed)
    if carriage < 0:
        return feed + 1 if feed >= 0 else len(content) if final else None
    if carriage + 1 == len(content):
        return len(content) if final else None
    return carriage + 1 + (content[carriage + 1] == 0x0A)


def cut_off(content: bytes, start: int, end: int, most: int) -> int:
    """Where a record is cut off to be shown: of one that is too long no more than is always known, however it is read.

    Args:
        content: UTF-8.
        start: Offset of the record.
        end: Offset past it, or past what is known of it.
        most: Bytes of it that are shown; a character of which some are behind them is left out.
    """
    if end - start <= most:
        return end
    end = start + most
    while end > start and content[end] & 0xC0 == 0x80:
        end -= 1
    return end
