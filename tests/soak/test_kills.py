"""`make soak`: hundreds of lifecycles on the real host, which is killed about every second until all are done.

`SOAK_LIFECYCLES` sets how many, `SOAK_SEED` repeats the plan of an earlier run: pauses, accounts, and when it kills.
What the kill then hits is up to the machine.
"""

import asyncio
import os
import random
import secrets
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.soak.killed_host import KilledHost
from tests.soak.lives import ACCOUNTS, AT_ONCE, Client, Life, Progress, balances, plan_lives

LIFECYCLES = int(os.environ.get("SOAK_LIFECYCLES", "500"))
SEED = int(os.environ.get("SOAK_SEED") or secrets.randbelow(1_000_000))
LIMIT_SECONDS = 1800.0
"""The lifecycles must be done by then; what follows takes seconds."""
STALL_SECONDS = 180.0
"""Without any lifecycle ending for so long, the run is given up."""
TELL_SECONDS = 20.0
LEFT_OVER = ("inbox", "tasks", "entity_inbox", "parked")

type Tell = Callable[[str], None]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Prints at once, whatever pytest captures; on stderr, since a worker's stdout belongs to its controller."""

    def say(text: str) -> None:
        with capsys.disabled():
            print(f"[soak, seed {SEED}] {text}", file=sys.stderr, flush=True)  # noqa: T201 - the counts are what the run is for

    return say


@pytest.mark.soak
@pytest.mark.timeout(2000)
async def test_lifecycles_survive_kills(tmp_path: Path, tell: Tell) -> None:
    """All lifecycles complete, entities are exact, and an activity ran twice only where a kill cut it off."""
    host = KilledHost(tmp_path, random.Random(SEED))
    lives = plan_lives(LIFECYCLES, random.Random(SEED + 1))
    began = time.monotonic()
    try:
        progress = await _live_all(host, lives, tell)
        wrong = [*progress.wrong, *host.damage, *_wrong_runs(host, lives), *await _wrong_entities(host, lives)]
        exit_code = await host.stop()
    finally:
        await host.destroy()
    wrong += _left_behind(host.database, len(lives))
    if exit_code:
        wrong.append(f"the host ended with code {exit_code}")
    tell(_counts(host, lives, time.monotonic() - began))
    assert host.kills >= LIFECYCLES // 25, f"only {host.kills} kills: that shows little"
    assert not wrong, f"{_again()}; {len(wrong)} things are wrong:\n" + "\n".join(wrong[:30])


async def _live_all(host: KilledHost, lives: list[Life], tell: Tell) -> Progress:
    progress, done = Progress(), asyncio.Event()
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(base_url=host.url, timeout=10, trust_env=False, limits=limits) as http:
        client = Client(http, random.Random(SEED + 2))

        async def live_then_end() -> None:
            async with asyncio.TaskGroup() as group:
                for life in lives:
                    group.create_task(client.live(life, progress))
            done.set()

        try:
            async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as group:
                teller = group.create_task(_keep_telling(host, lives, progress, tell))
                killer = group.create_task(host.kill_again_and_again(done))
                await group.create_task(live_then_end())
                await killer
                teller.cancel()
        except TimeoutError:
            missing = [life.number for life in lives if life.number not in progress.ended]
            pytest.fail(
                f"{_again()}; {len(missing)} lifecycles did not end in {LIMIT_SECONDS:.0f} s: {missing[:20]}; "
                f"see {host.log} and {host.database}"
            )
        except ExceptionGroup as group_error:
            group_error.add_note(_again())
            raise
    return progress


async def _keep_telling(host: KilledHost, lives: list[Life], progress: Progress, tell: Tell) -> None:
    ended, since = 0, time.monotonic()
    while True:
        await asyncio.sleep(TELL_SECONDS)
        tell(f"{len(progress.ended)} of {len(lives)} lifecycles ended, {host.kills} kills")
        if len(progress.ended) > ended:
            ended, since = len(progress.ended), time.monotonic()
        assert time.monotonic() - since < STALL_SECONDS, (
            f"no lifecycle ended for {STALL_SECONDS:.0f} s; the host's last errors: {host.last_errors()}"
        )


def _wrong_runs(host: KilledHost, lives: list[Life]) -> list[str]:
    """Each activity ran once, and once more for each kill that came between its effect and its commit."""
    runs = host.runs()
    expected = {key: 1 + host.cut_off[key] for life in lives for key in life.keys}
    return [
        f"{key} ran {runs[key]} times, and {expected.get(key, 0)} is right"
        for key in sorted(runs.keys() | expected.keys())
        if runs[key] != expected.get(key, 0)
    ]


async def _wrong_entities(host: KilledHost, lives: list[Life]) -> list[str]:
    held = balances(lives)
    expected = {f"life-{life.number}": 2 for life in lives}
    expected |= {"all": len(lives)}
    expected |= {f"account-{account}": held[account] for account in range(ACCOUNTS) if account in held}
    async with httpx.AsyncClient(base_url=host.url, timeout=10, trust_env=False) as http:
        client = Client(http, random.Random(SEED + 3))
        states = {key: await client.entity(key) for key in expected}
    return [
        f"counter {key} is {states[key]}, and {value} is right"
        for key, value in expected.items()
        if states[key] != value
    ]


def _left_behind(database: Path, lives: int) -> list[str]:
    """What is in the file that should not be: messages that nobody took, instances that did not complete."""
    connection = sqlite3.connect(database)
    try:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
        wrong = [] if verdict == "ok" else [f"the file is damaged: {verdict}"]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        left = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        wrong += [f"{left[table]} rows are left in {table}" for table in LEFT_OVER if left.get(table)]
        statuses = dict(connection.execute("SELECT status, count(*) FROM instances GROUP BY status").fetchall())
        if statuses != {1: 2 * lives}:  # a lifecycle and its child, all Completed
            wrong.append(f"instances by status: {statuses}, and {{1: {2 * lives}}} is right")
        if locked := connection.execute("SELECT count(*) FROM entities WHERE lock_owner IS NOT NULL").fetchone()[0]:
            wrong.append(f"{locked} entities are still locked")
    finally:
        connection.close()
    return wrong


def _counts(host: KilledHost, lives: list[Life], seconds: float) -> str:
    runs, keys = host.runs(), sum(len(life.keys) for life in lives)
    pauses = statistics.mean(life.pause for life in lives)
    return (
        f"{len(lives)} lifecycles ended in {seconds:.0f} s over {host.kills} kills ({host.early_kills} while the host "
        f"started); {sum(runs.values())} activity runs for {keys} activities, {sum(host.cut_off.values())} cut off "
        f"by a kill and run again; mean pause {pauses:.1f} s"
    )


def _again() -> str:
    return f"SOAK_SEED={SEED} SOAK_LIFECYCLES={LIFECYCLES} make soak repeats the plan of this run"
