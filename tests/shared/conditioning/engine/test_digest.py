"""The identity of raw bytes."""

import hashlib
import random

import pytest

from shared.conditioning.engine.digest import HASHED_BYTES, RawHasher, raw_sha256


@pytest.mark.parametrize("size", [0, 1, HASHED_BYTES - 1, HASHED_BYTES, HASHED_BYTES + 1, 3 * HASHED_BYTES])
def test_the_hash_does_not_depend_on_the_cuts(size: int) -> None:
    """Neither on how bytes come, nor on ranges that begin at multiples of what is under one hash."""
    content = random.Random(size).randbytes(size)
    chance = random.Random(1)
    whole, cut = RawHasher(), RawHasher()
    whole.update(content)
    at = 0
    while at < size:
        step = chance.randint(1, HASHED_BYTES)
        cut.update(content[at : at + step])
        at += step
    ranges: list[str] = []
    for begin in range(0, size, HASHED_BYTES):
        one = RawHasher()
        one.update(content[begin : begin + HASHED_BYTES])
        ranges += one.hashes()
    assert whole.hashes() == cut.hashes()
    assert raw_sha256(whole.hashes()) == raw_sha256(tuple(ranges))


def test_a_small_file_has_its_own_sha256() -> None:
    """So that anybody can check it with a tool of the system."""
    hasher = RawHasher()
    hasher.update(b"a,b\n1,2\n")
    assert raw_sha256(hasher.hashes()) == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
