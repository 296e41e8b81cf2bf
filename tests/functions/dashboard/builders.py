"""Models, rows and pages that a test need not spell out."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any, Final

import azure.functions as func

from functions.dashboard.seen import Model
from shared.contracts.ledger import LedgerEntry, LedgerRow
from shared.contracts.policy import GatePolicy, ModelPolicy, ServePolicy, TrainPolicy
from shared.contracts.read_model import ModelRow

NOW: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
#: Elements that have no end.
_VOID: Final = frozenset({"meta", "link", "img", "input", "br", "col", "hr"})
#: What a paragraph cannot hold: a browser would end it there.
_BLOCKS: Final = frozenset({"p", "div", "ul", "ol", "dl", "table", "section", "h1", "h2", "h3", "form", "figure", "li"})


def policy(name: str = "m", **changes: Any) -> ModelPolicy:
    """What a fleet file says of a model."""
    values: dict[str, Any] = {
        "fleet": "demo", "revision": "r1", "model": name, "labels": {"origin": "JFK", "format": "mainline"},
        "train": TrainPolicy(pipeline="train.yml", dataset="weekly"), "golden": "golden.csv",
        "serve": ServePolicy(mode="batch", pipeline="score.yml"),
        "gates": (GatePolicy(name="accuracy", metric="mape", max=0.45),),
    }  # fmt: skip
    return ModelPolicy.model_validate(values | changes)


def row(name: str = "m", mape: float | None = 0.2, **changes: Any) -> ModelRow:
    """A row of a model that is in production."""
    values: dict[str, Any] = {
        "fleet": "demo", "model": name, "labels": {"origin": "JFK", "format": "mainline"}, "revision": 1,
        "state": "released", "reason": "It serves.", "updated_at": NOW, "version": "1", "champion": "1",
        "champion_since": NOW, "figures": {"model": {"mape": mape}, "baseline": {"mape": 0.3}},
        "serving": {"mode": "batch", "published": "predictions/m/v1.csv", "rows": 7},
    }  # fmt: skip
    return ModelRow.model_validate(values | changes)


def model(name: str = "m", mape: float | None = 0.2, *, said: dict[str, Any] | None = None, **changes: Any) -> Model:
    """A model with both; `said` is what its fleet file says otherwise, the rest what its row does."""
    return Model(name, row(name, mape, **changes), policy(name, **(said or {})))


def judged(version: str, mape: object = 0.2, *, passed: object = True, sequence: int = 1) -> LedgerRow:
    """The row of a ledger by which a version was judged."""
    gate = {"gate": "accuracy", "metric": "mape", "passed": passed, "got": mape, "required": 0.45, "reason": "fine"}
    entry = LedgerEntry(
        model="m", effect="ModelRegistered", key=f"registered-{version}", at=NOW + timedelta(days=sequence),
        by="train-m-1", reason=f"Version {version} was judged.",
        facts={
            "version": version, "job": f"job-{version}", "gates": [gate],
            "evaluation": {"model": {"mape": mape, "rmse": 3.5}, "baseline": {"mape": 0.3, "rmse": 4}},
        },
    )  # fmt: skip
    return LedgerRow(sequence=sequence, previous="0" * 64, hash="1" * 64, entry=entry)


class StrictParser(HTMLParser):
    """Reads a page as a strict reader: what a browser would mend is an error here.

    Attributes:
        tags: Every element, in order, with its attributes.
        text: All text, without that of styles.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins an element."""
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        assert not ("p" in self._open and tag in _BLOCKS), f"<{tag}> cannot lie in <p>"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of a picture that ends at once."""
        assert tag in {"path", "rect", "circle"}, f"<{tag}/> does not end itself in HTML"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Ends the element that was begun last, and no other."""
        assert self._open, f"</{tag}> ends nothing"
        assert self._open.pop() == tag, f"</{tag}> ends another element than the last that was begun"

    def handle_data(self, data: str) -> None:
        """Text."""
        if not self._open or self._open[-1] != "style":
            self.text += data

    def close(self) -> None:
        """The end."""
        super().close()
        assert not self._open, f"never ended: {self._open}"


def parsed(answer: func.HttpResponse) -> StrictParser:
    """An answer's page, once it has been found right: balanced, ids unique, headings in order, nothing that runs."""
    found = StrictParser()
    found.feed(answer.get_body().decode())
    found.close()
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids)), ids
    levels = [int(tag[1]) for tag, _ in found.tags if tag in {"h1", "h2", "h3"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    known = {tag for tag, _ in found.tags}
    assert not known & {"script", "iframe", "object", "embed", "base"}
    assert {"main", "header", "footer", "nav", "title"} <= known
    for tag, attributes in found.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        for name in ("href", "src", "action"):
            assert attributes.get(name, "/").startswith(("/", "#", "data:image/svg+xml,")), (tag, attributes)
        assert tag != "img" or attributes["alt"]
    tables = sum(tag == "table" for tag, _ in found.tags)
    assert tables == sum(tag == "caption" for tag, _ in found.tags)
    return found
