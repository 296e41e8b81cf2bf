"""SIGKILL at the n-th write: at whatever write a process dies, the next one goes on as if nothing had happened."""

import json
from collections import Counter
from pathlib import Path

import pytest

from local.testing.kill import Ending, until_it_ends

LIVES = 3
OUTPUTS = [[4, f"life-{n}/child", f"life-{n}/last"] for n in range(LIVES)]


def run(folder: Path, seed: int, **options: int) -> tuple[Ending, Counter[str]]:
    """Run lifecycles under kills; gives how it ended, and how often each effect happened."""
    effects = folder / "effects.log"
    effects.touch()
    arguments = ["tests.local.testing.victim", str(folder / "durable.db"), str(LIVES)]
    ending = until_it_ends(arguments, seed=seed, environment={"EFFECTS": str(effects)}, **options)
    return ending, Counter(effects.read_text().split())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_any_write_it_ends_as_if_nothing_had_happened(tmp_path: Path, seed: int) -> None:
    """Outputs and entity states are exact, every effect has happened, and each kill repeats only what was in flight."""
    ending, effects = run(tmp_path, seed, kills=3, earliest=20, latest=90)
    assert len(ending.kills) == 3
    assert json.loads(ending.output) == {"outputs": OUTPUTS, "counters": [4] * LIVES}
    assert len(effects) == LIVES * 5
    assert max(effects.values()) <= 1 + len(ending.kills)


def test_the_same_seed_kills_at_the_same_writes(tmp_path: Path) -> None:
    """A failure can be repeated: the places come from the seed alone."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first, _ = run(tmp_path / "one", 5, kills=2, earliest=5, latest=30)
    second, _ = run(tmp_path / "two", 5, kills=2, earliest=5, latest=30)
    assert first.kills == second.kills
    assert first.output == second.output


def test_a_program_that_fails_by_itself_is_told_with_its_seed(tmp_path: Path) -> None:
    """The message has the command, the seed, and what the program printed."""
    (tmp_path / "file").touch()
    arguments = ["tests.local.testing.victim", str(tmp_path / "file" / "durable.db"), "1"]
    with pytest.raises(AssertionError, match=r"victim .* failed with exit code 1 .*\(seed 9; (.|\n)*Traceback"):
        until_it_ends(arguments, seed=9, kills=0)
