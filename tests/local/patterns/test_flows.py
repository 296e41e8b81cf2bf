"""Chaining, fan-out, sub-orchestrations and the aggregator: what is done is done once, whatever happens on the way."""

import pytest

from local.testing.app import TestApp
from local.testing.chaos import Chaos
from tests.local.patterns.apps import aggregator, chaining, children, fan_out
from tests.local.patterns.apps.effects import WORLD


async def test_chaining_gives_each_step_the_result_before(chaos: Chaos | None) -> None:
    """Reserve, charge and ship happen once, in order, and the result names all three."""
    async with TestApp(chaining.app, chaos=chaos) as app:
        orders = [{"id": f"o{number}", "money": 5} for number in range(5)]
        ids = [await app.start("fulfil", order) for order in orders]
        for order, instance_id in zip(orders, ids, strict=True):
            parcel = f"parcel, receipt for shelf of {order['id']}"
            assert await app.output(instance_id) == {"shipped": parcel}
    assert list(WORLD.done) == sorted(WORLD.done, key=list(WORLD.done).index)
    assert set(WORLD.done) == {f"{step} {order['id']}" for step in ("reserve", "charge", "ship") for order in orders}


async def test_chaining_undoes_what_was_done(chaos: Chaos | None) -> None:
    """A step that fails has the step before undone, and nothing after it happens."""
    async with TestApp(chaining.app, chaos=chaos) as app:
        assert await app.run("fulfil", {"id": "o1", "money": -1}) == {
            "shipped": None,
            "because": "the account is empty",
        }
    assert set(WORLD.done) == {"reserve o1", "release o1"}


async def test_fan_out_adds_up(chaos: Chaos | None) -> None:
    """Thirty copies at the same time are all counted; no files are no work."""
    async with TestApp(fan_out.app, chaos=chaos) as app:
        assert await app.run("back_up", "photos") == sum(range(30))
        assert await app.run("back_up", "empty") == 0
        if chaos is None:
            assert app.calls["copy_file"] == 30
        else:
            assert app.calls["copy_file"] > 30
            assert chaos.injected["activity doubled"] > 0
    assert len(WORLD.done) == 30


async def test_children_run_side_by_side_and_fail_alone(chaos: Chaos | None) -> None:
    """A child that fails is an outcome of its own; ids are what the parent made them."""
    async with TestApp(children.app, chaos=chaos) as app:
        outcome = await app.run("set_up_site", ["camera", "broken lamp", "door"], instance_id="site")
        assert outcome["camera"] == "camera runs"
        assert outcome["door"] == "door runs"
        assert "broken lamp does not answer" in outcome["broken lamp"]
        assert app.instance("site:door").parent is not None
    assert set(WORLD.done) == {f"{what} {name}" for what in ("install", "switch on") for name in ("camera", "door")}


@pytest.mark.parametrize("signals", [40])
async def test_an_aggregator_counts_each_signal_once(chaos: Chaos | None, signals: int) -> None:
    """Signals that are delivered again, late or out of order change the balance once each."""
    async with TestApp(aggregator.app, chaos=chaos) as app:
        for amount in range(signals):
            await app.signal("account", "anna", "move", amount)
        await app.run_until_idle()
        assert app.entity("account", "anna") == {"balance": sum(range(signals)), "movements": signals}


async def test_money_is_neither_made_nor_lost(chaos: Chaos | None) -> None:
    """Transfers under locks, many at once and in both directions: no account is overdrawn, the sum stays."""
    async with TestApp(aggregator.app, chaos=chaos) as app:
        for owner in ("anna", "bert"):
            await app.signal("account", owner, "move", 50)
        await app.run_until_idle()
        ways = [("anna", "bert", 30), ("bert", "anna", 20)] * 3
        ids = [await app.start("transfer", {"from": one, "to": other, "amount": n}) for one, other, n in ways]
        moved = [await app.output(each) for each in ids]
        balances = {owner: app.entity("account", owner)["balance"] for owner in ("anna", "bert")}
        assert sum(balances.values()) == 100
        assert min(balances.values()) >= 0
        flow = sum((n if one == "anna" else -n) for (one, _, n), done in zip(ways, moved, strict=True) if done)
        assert balances["anna"] == 50 - flow
