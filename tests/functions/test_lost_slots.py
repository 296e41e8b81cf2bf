"""What the search for lost events says again about slots: whoever was deleted or has not heard, all have a turn."""

from types import SimpleNamespace

import pytest
from durabletask.entities import EntityInstanceId

from functions import adapters
from functions.triggers.lost_slots import say_again, unheard_asks, unused_grants
from shared import names
from shared.contracts.read_model import ModelRow, RunInFlight
from shared.contracts.slots import NO_LIMIT, SlotsState
from shared.interlock.row import model_row
from tests.functions.conftest import App
from tests.functions.test_job_slots import models_of, publish, state_of, until
from tests.shared.interlock.builders import at


def _row(model: str, *, waits: bool, key: int = 1, slot_of: str | None = "flights") -> ModelRow:
    run = RunInFlight(kind="training", instance=f"train-{model}", attempt=key, waits_for_slot=waits, slot_of=slot_of)
    return ModelRow(
        fleet="flights", model=model, labels={}, revision=1, state="", reason="", updated_at=at(), in_flight=(run,)
    )


def _slots(held: str = "", waiting: str = "", limit: int = 1) -> dict[str, SlotsState]:
    entries = [[[model, "training-1"] for model in models] for models in (held, waiting)]
    return {"flights": {"limit": limit, "limit_at": None, "held": entries[0], "waiting": entries[1]}}


class TestGrants:
    """A slot that is given out, beside what its model shows."""

    @pytest.mark.parametrize(
        ("rows", "ended"),
        [
            ([], ()),
            ([_row("a", waits=True)], ()),
            ([_row("a", waits=False, key=2)], ()),
            ([_row("a", waits=False, slot_of="renamed")], ()),
            ([_row("a", waits=False)], ("train-a",)),
        ],
        ids=["model unknown", "the grant was not heard", "another run", "of another fleet", "the run is dead"],
    )
    def test_one_of_which_no_run_is_known_is_granted_again(self, rows: list[ModelRow], ended: tuple[str, ...]) -> None:
        """Its model begins, or gives it back."""
        (again,) = unused_grants(rows, ended, _slots(held="a"), at(5))
        assert (again.model, again.fleet, again.key, again.at) == ("a", "flights", "training-1", at(5))

    def test_one_that_is_in_use_is_left_alone(self) -> None:
        """The run goes on and will give it back."""
        assert list(unused_grants([_row("a", waits=False)], (), _slots(held="a"), at())) == []


class TestAsks:
    """A run that waits, beside what its fleet's slots know."""

    @pytest.mark.parametrize("slots", [{}, _slots(held="b"), _slots(waiting="b")], ids=["deleted", "held", "waiting"])
    def test_one_that_is_not_known_is_asked_again(self, slots: dict[str, SlotsState]) -> None:
        """Under the limit of the file."""
        (again,) = unheard_asks([_row("a", waits=True)], slots, {"flights": 4}, at(5))
        assert (again.model, again.fleet, again.key, again.limit) == ("a", "flights", "training-1", 4)

    def test_a_fleet_that_no_file_has_any_more_lets_its_waiting_begin(self) -> None:
        """One at a time, or as many as it did before."""
        assert [ask.limit for ask in unheard_asks([_row("a", waits=True)], {}, {}, at())] == [1]
        assert [ask.limit for ask in unheard_asks([_row("a", waits=True)], _slots("b", limit=3), {}, at())] == [3]

    @pytest.mark.parametrize("limit", [2, NO_LIMIT])
    def test_a_limit_that_has_changed_is_told_once(self, limit: int) -> None:
        """With the ask of the one that has waited longest; without that, it would count from the next new ask on."""
        rows = [_row("c", waits=True), _row("b", waits=True), _row("a", waits=False)]
        again = list(unheard_asks(rows, _slots("a", "bc"), {"flights": limit}, at()))
        assert [(ask.model, ask.limit) for ask in again] == [("b", limit)]
        assert list(unheard_asks(rows, _slots("a", "bc", limit), {"flights": limit}, at())) == []

    def test_what_runs_or_needs_no_slot_is_not_asked_for(self) -> None:
        """Nor a run that waits for another one of its model to begin."""
        rows = [_row("a", waits=False), _row("b", waits=True, slot_of=None)]
        assert list(unheard_asks(rows, {}, {}, at())) == []


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the file of the fleet says."""
    model = SimpleNamespace(at_once=1)
    fleets = SimpleNamespace(all=[SimpleNamespace(name="flights", models=[model])])
    monkeypatch.setattr(adapters, "fleets", lambda: fleets)
    return model


async def _search(app: App, *ended: str) -> None:
    """The search for lost events, with the rows as they will be; twice, as it comes every few minutes."""
    for _ in range(2):
        rows = [row for state in (await models_of(app)).values() if (row := model_row(state)) is not None]
        await say_again(app.client, rows, ended, at(60))


async def _delete(app: App, entity: str, key: str) -> None:
    await app.client.signal_entity(EntityInstanceId(entity, key), "delete")


async def test_a_deleted_model_does_not_keep_its_slot(app: App, fleet: SimpleNamespace) -> None:
    """An operator deletes an interlock whose training runs: when that is over, the next model begins."""
    app.world.job_status = "Running"
    await publish(app, at_once=1)
    models = await until(app, "training", "queued", "queued")
    name, dead = next((name, state) for name, state in models.items() if state.summary == "training")
    assert dead.training is not None
    await _delete(app, names.MODEL_INTERLOCK, name)
    await app.client.terminate_orchestration(dead.training.instance)
    await app.finish(dead.training.instance)
    await until(app, "waiting", "queued", "queued")
    await _search(app, dead.training.instance)
    await until(app, "waiting", "training", "queued")
    slots = await state_of(app, names.JOB_SLOTS, "flights")
    assert [model for model, _ in slots["held"]] != [name]


async def test_asks_that_were_deleted_are_asked_again(app: App, fleet: SimpleNamespace) -> None:
    """An operator deletes the fleet's slots: who waited waits again, and all have their turn."""
    app.world.job_status = "Running"
    await publish(app, at_once=1)
    await until(app, "training", "queued", "queued")
    await _delete(app, names.JOB_SLOTS, "flights")
    app.world.job_status = "Completed"
    await until(app, "registered", "queued", "queued")
    await _search(app)
    await until(app, "registered", "registered", "registered")


async def test_a_raised_limit_counts_for_those_that_wait(app: App, fleet: SimpleNamespace) -> None:
    """Nobody asks anew, and yet one more begins."""
    app.world.job_status = "Running"
    await publish(app, at_once=1)
    await until(app, "training", "queued", "queued")
    fleet.at_once = 2
    await _search(app)
    await until(app, "training", "training", "queued")
