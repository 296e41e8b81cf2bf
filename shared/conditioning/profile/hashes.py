"""Chance that is the same in every run: rows and values ordered by a 64-bit mix of what they are."""

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

type Hashes = npt.NDArray[np.uint64]
type Indices = npt.NDArray[np.int64]

_BLOCK: Final = 32_768
#: Hashes looked at first, then four times as many: of the later ones most are soon known to be repeated or too large.
_GLANCE: Final = 1_024
_SLOTS: Final = 65_536


def row_hashes(ids: Indices, seed: str) -> Hashes:
    """A hash per row: of its id, unique within its file, and a text that is the file's own.

    The mix is splitmix64's (Steele, Lea and Flood: Fast Splittable Pseudorandom Number Generators, 2014). It is one
    to one, so two rows of a file never share a hash.
    """
    offset = np.uint64(int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=8).digest()))
    mixed = np.empty(len(ids), np.uint64)
    for start in range(0, len(ids), _BLOCK):  # so small that it stays in the processor's cache
        block = ids[start : start + _BLOCK].astype(np.uint64) + offset
        block ^= block >> np.uint64(30)
        block *= np.uint64(0xBF58476D1CE4E5B9)
        block ^= block >> np.uint64(27)
        block *= np.uint64(0x94D049BB133111EB)
        block ^= block >> np.uint64(31)
        mixed[start : start + _BLOCK] = block
    return mixed


def smallest(hashes: Hashes, count: int) -> Indices:
    """Where the smallest hashes are, from the smallest on."""
    candidates = np.arange(len(hashes))
    if len(hashes) > 4 * count:  # twice as many as needed lie below this bound; were they too few, all are looked at
        below = np.flatnonzero(hashes < _bound(len(hashes), count))
        candidates = below if len(below) >= count else candidates
    if len(candidates) > count:
        candidates = candidates[np.argpartition(hashes[candidates], count)[:count]]
    return candidates[np.argsort(hashes[candidates], kind="stable")]


def smallest_distinct(hashes: Hashes, count: int) -> tuple[Hashes, Indices]:
    """The smallest hashes that differ, in order, and for each of them a place where it is.

    Sorting all of them would take several times as long. Where most differ, those below a bound are enough. Where most
    are repeated, they are passed over by a table of those seen last, and once there are enough, whatever is larger than
    the largest of them.
    """
    if len(hashes) > 4 * count:
        below = np.flatnonzero(hashes < _bound(len(hashes), count))
        found, places = _distinct(hashes[below], below)
        if len(found) >= count:
            return found[:count], places[:count]
    found, places = np.empty(0, np.uint64), np.empty(0, np.int64)
    seen = np.zeros(_SLOTS, np.uint64)
    seen[0] = 1  # a hash of 0 belongs to this slot, and has not been seen
    start, size = 0, _GLANCE
    while start < len(hashes):
        block = hashes[start : start + size]
        if len(found) == count:
            near = np.flatnonzero(block < found[-1])
            some = block[near]
            new = near[seen[some.astype(np.uint16)] != some]
        else:
            new = np.flatnonzero(seen[block.astype(np.uint16)] != block)
        if len(new):
            fresh = block[new]
            seen[fresh.astype(np.uint16)] = fresh
            found, places = _distinct(np.concatenate([found, fresh]), np.concatenate([places, new + start]))
            found, places = found[:count], places[:count]
        start, size = start + size, min(4 * size, _SLOTS)
    return found, places


def smallest_of_both(some: Hashes, others: Hashes, count: int) -> Hashes:
    """The smallest of two sorted lists of distinct hashes: sorted, each once."""
    both = np.concatenate([some, others])
    both.sort(kind="stable")  # which merges what is in order
    return both[_differ(both)][:count]


def _bound(rows: int, count: int) -> np.uint64:
    """Below it lie twice as many of so many hashes as are wanted, if they differ."""
    return np.uint64(2**64 * 2 * count // rows)


def _distinct(hashes: Hashes, places: Indices) -> tuple[Hashes, Indices]:
    """Each hash once, in order, with one of its places."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    first = _differ(ordered)
    return ordered[first], places[order[first]]


def _differ(ordered: Hashes) -> npt.NDArray[np.bool_]:
    """Which of them are not equal to the one before."""
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first
