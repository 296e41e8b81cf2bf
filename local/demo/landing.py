"""Landing the example's raw files, as its sources deliver them."""

from collections.abc import Sequence
from itertools import groupby

from examples.flights.landing import RawFile, raw_files
from local.demo.observe import Observer
from local.demo.screen import Screen


def land(observer: Observer, screen: Screen, origins: Sequence[str]) -> set[str]:
    """Land the raw files of some airports; the keys of their deliveries.

    What lies there already stays: landed again, a file that was corrected later would be the newest one.
    """
    screen.status("Making the raw files of 2013 from the flights' records")
    files = list(raw_files(*origins))
    new = [file for file in files if not observer.holds(file.path, file.content)]
    if not new:
        screen.tell(f"All {len(files)} raw files lie there already: nothing is trained again.")
    landed: set[str] = set()
    for (folder, what), alike in groupby(new, key=_kind):
        group = list(alike)
        for file in group:
            landed.add(observer.land(file.path, file.content))
            screen.landed(len(landed), len(new))
        screen.tell(f"landed {group[0].path if len(group) == 1 else f'{len(group)} files in {folder}'}: {what}")
    return landed


def _kind(file: RawFile) -> tuple[str, str]:
    """Files that follow each other and share this are told of in one line."""
    return file.path.rpartition("/")[0], file.what
