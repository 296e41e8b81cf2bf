"""Every link in the documentation leads to a file, and to a heading, that is there."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.console import ROOT, pages

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def _prose(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^([ \t]*)```.*?^\1```", "", text, flags=re.MULTILINE | re.DOTALL)


@cache
def _anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = set(re.findall(r'<a id="([^"]+)"></a>', path.read_text()))
    for heading in re.findall(r"^#+ (.+)$", _prose(path.read_text()), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = "".join(sign for sign in plain if sign.isalnum() or sign in " -_").replace(" ", "-")
        number = sum(one == anchor or re.fullmatch(rf"{re.escape(anchor)}-\d+", one) is not None for one in found)
        found.add(f"{anchor}-{number}" if number else anchor)
    return found


def _broken(page: str) -> list[str]:
    path, wrong = ROOT / page, []
    for target in _LINK.findall(_prose(path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        if not to.exists():
            wrong.append(f"{target}: there is no such file")
        elif anchor and anchor not in _anchors(to):
            wrong.append(f"{target}: there is no such heading; there are {', '.join(sorted(_anchors(to)))}")
    return wrong


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    """Within the repository; addresses on the web are not asked."""
    assert not _broken(page)


@pytest.mark.parametrize("page", [page for page in pages() if page.startswith("docs/")])
def test_every_page_is_found_from_the_index(page: str) -> None:
    """By one link, from `docs/README.md`, or from a page that is."""
    seen, ahead = {"docs/README.md"}, ["docs/README.md"]
    while ahead:
        path = ROOT / ahead.pop()
        for target in _LINK.findall(_prose(path.read_text())):
            file = target.partition("#")[0]
            to = (path.parent / file).resolve()
            if file.endswith(".md") and to.exists() and to.is_relative_to(ROOT):
                name = str(to.relative_to(ROOT))
                if name.startswith("docs/") and name not in seen:
                    seen.add(name)
                    ahead.append(name)
    assert page in seen
