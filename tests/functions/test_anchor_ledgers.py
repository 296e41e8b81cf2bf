"""The heads of ledgers reach two witnesses: the anchor, and the interlock of each model whose chain has moved."""

import asyncio
from datetime import timedelta
from typing import Any

from shared import names
from shared.contracts.ledger import AdvancedHeads, AnchorLedgersInput, LedgerHead, LedgersAnchored
from tests.functions.conftest import App
from tests.shared.interlock.builders import MODEL, at

ORDER = AnchorLedgersInput(at=at())
HEAD = LedgerHead(sequence=4, hash="ab" * 32)


def _play(app: App, path: str | None) -> list[int]:
    """Activities of which the second page has the model's head; the pages that were asked for."""
    asked: list[int] = []

    def read(payload: dict[str, Any]) -> dict[str, Any]:
        asked.append(payload["page"])
        of = {MODEL: HEAD} if payload["page"] else {f"m{number}": HEAD for number in range(50)}
        return {"result": AdvancedHeads(heads=of, more=not payload["page"]).to_wire()}

    told = LedgersAnchored(path=path, models=51, findings=1)
    app.engine_functions[names.WRITE_ANCHOR] = lambda _: {"result": told.to_wire()}
    app.engine_functions[names.READ_ADVANCED_HEADS] = read
    return asked


async def test_every_page_of_heads_is_told(app: App) -> None:
    """Each in a history of its own, and the last page reaches its interlocks too."""
    asked = _play(app, "a.json")
    state = await app.run(names.ANCHOR_LEDGERS, ORDER, "anchor")
    assert LedgersAnchored.from_wire(state.get_output()) == LedgersAnchored(path="a.json", models=51, findings=1)
    assert asked == [0, 1]
    async with asyncio.timeout(20):
        while not (known := (await app.interlock()).ledger):
            await app.engine.advance(timedelta(seconds=1))
    assert [(head.sequence, head.hash) for head in known] == [(HEAD.sequence, HEAD.hash)]


async def test_a_quiet_hour_tells_nobody(app: App) -> None:
    """No anchor was written, so no head has moved."""
    asked = _play(app, None)
    state = await app.run(names.ANCHOR_LEDGERS, ORDER)
    assert (state.runtime_status.name, asked) == ("COMPLETED", [])
