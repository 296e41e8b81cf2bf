"""`record_model`: rows of the read model that are true again after any outage."""

from datetime import timedelta

from shared import names
from shared.contracts.read_model import ModelRow, RecordModelInput
from tests.functions.conftest import App
from tests.shared.interlock.builders import MODEL, at


async def test_a_row_is_written_after_an_outage_of_hours(app: App) -> None:
    """The search for lost events goes by the rows: one that is never written would hide a dead run for ever."""
    app.world.faults = {names.WRITE_MODEL_ROW: "outage"}
    row = ModelRow(fleet="f", model=MODEL, labels={}, revision=1, state="training", reason="", updated_at=at())
    order = RecordModelInput(row=row)
    run = await app.client.schedule_new_orchestration(names.RECORD_MODEL, input=order.to_wire())
    for _ in range(180):
        await app.engine.advance(timedelta(minutes=1))
    assert app.world.calls[names.WRITE_MODEL_ROW] > 64
    app.world.faults = {}
    await app.finish(run)
    assert [written["model"] for written in app.world.rows] == [MODEL]
