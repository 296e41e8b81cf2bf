"""The recorded first minutes of a newcomer come out alike when they are played again, and take less than fifteen."""

from pathlib import Path

import pytest

from shared.settings import APP_ROOT
from tests.e2e.newcomer import SESSION, Seen, equal_part, play, read

RECORDING = APP_ROOT / "docs" / "first-15-minutes.cast"


def _typed(line: str, where: str) -> str:
    return line if where == "." else f"cd {where} && {line}"


def test_the_recording_is_of_this_session() -> None:
    """Every command, in order, and no folder of the machine that recorded it."""
    recorded = read(RECORDING.read_text(encoding="utf-8"))
    assert [line for line, _ in recorded] == [_typed(one.line, one.where) for one in SESSION]
    assert not [output for _, output in recorded if "/tmp/" in output or str(APP_ROOT) in output]


@pytest.mark.soak
@pytest.mark.stack
@pytest.mark.timeout(1200)
def test_the_session_comes_out_as_it_was_recorded(tmp_path: Path) -> None:
    """All figures, models, verdicts and refusals; times, hashes and ports aside."""
    recorded = read(RECORDING.read_text(encoding="utf-8"))
    for (line, output), seen in zip(recorded, play(tmp_path), strict=True):
        before = equal_part(Seen(seen.command, output, 0.0))
        now = equal_part(seen._replace(output=seen.output.replace(str(tmp_path.resolve()), "~")))
        assert now == before, line


def test_the_quickstart_tells_the_same_story() -> None:
    """Each of its commands is one of the session, in the same order."""
    page = (APP_ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    told = [line.removeprefix("$ ") for line in page.splitlines() if line.startswith("$ ")]
    session = [_typed(one.line, one.where) for one in SESSION]
    assert told == [line for line in session if line in told]
