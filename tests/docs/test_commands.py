"""Every command in the documentation is run, as a reader would type it, on a real stack."""

import re

import pytest

from tests.docs.console import ROOT, commands_of, pages
from tests.docs.pages import CODES, ELSEWHERE, NOT_RUN, code_of, why_not_run
from tests.docs.shell import shows
from tests.docs.stage import Stage

COMMANDS = [command for page in pages() for command in commands_of(page)]


@pytest.mark.soak
@pytest.mark.stack
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", dict.fromkeys(command.page for command in COMMANDS if command.page not in ELSEWHERE))
def test_the_commands_of_a_page_run(stage: Stage, page: str) -> None:
    """One after the other, each with the exit code that the page tells of, and the output that it shows."""
    shell = stage.shell(page)
    wrong: list[str] = []
    for command in commands_of(page):
        if why_not_run(command.text) is not None:
            continue
        text = stage.put_in(command, shell)
        done = shell.run(text)
        if done.code != code_of(command.text):
            wrong.append(f"{command.where}: exit code {done.code}: {text}\n{done.output[-2000:]}")
        wrong += [
            f"{command.where}: does not show {line!r}: {text}\n{done.output[-2000:]}"
            for line in command.shown
            if not shows(done.output, line)
        ]
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("listed", [*NOT_RUN, *CODES])
def test_what_is_listed_is_somewhere(listed: str) -> None:
    """An exception for a command that no page shows any more is taken away."""
    assert any(re.match(listed, command.text) for command in COMMANDS)


@pytest.mark.parametrize("page", ELSEWHERE)
def test_the_other_test_reads_the_page(page: str) -> None:
    """A page whose commands are run by another test is named in it."""
    assert page.removeprefix("docs/") in (ROOT / ELSEWHERE[page]).read_text()


def test_there_are_commands() -> None:
    """The pages are read at all."""
    assert len(COMMANDS) > 50
