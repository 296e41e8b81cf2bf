"""The one door to the records of text files, in any format and encoding that a recipe knows."""

from functools import partial

from shared.conditioning.reading.stretch import Layout, Stretch
from shared.conditioning.recipe.schema import Recipe


def read_stretch(
    content: bytes,
    recipe: Recipe,
    layout: Layout,
    *,
    stop: int | None = None,
    final: bool = False,
    inside: bool = False,
) -> Stretch:
    """The complete records of a stretch of CSV or JSON Lines. All offsets are the file's own.

    Args:
        content: Bytes of the file, from a record's start on.
        recipe: How it is written.
        layout: Where its columns are, from `read_layout`.
        stop: Records that begin here or later are left; all are read where it is absent.
        final: Whether the file ends with the content.
        inside: Whether the content begins inside a line that the stretch before rejected, being too long: it ended
            `inside`. Up to that line's end all is skipped.

    Returns:
        The records that begin before the stop and are complete, or are decided: too long.
    """
    from shared.conditioning.reading.csv_records import read_csv_stretch  # noqa: PLC0415 - loaded at first use
    from shared.conditioning.reading.decoding import read_decoded  # noqa: PLC0415
    from shared.conditioning.reading.json_records import read_json_stretch  # noqa: PLC0415

    read = read_json_stretch if recipe.format == "jsonl" else read_csv_stretch
    return read_decoded(partial(read, inside=inside), content, layout.encoding, recipe, layout, stop=stop, final=final)
