"""The DBOS side, run in an environment of its own: a count per line comes in, the seconds that it took go out.

Called with the URL of a PostgreSQL database.
"""

import sys
import time

from dbos import DBOS  # type: ignore[import-not-found]  # not in our lock: the benchmark makes an environment for it

DBOS(
    config={
        "name": "benchmark",
        "system_database_url": sys.argv[1],
        "log_level": "ERROR",
        "run_admin_server": False,
    }
)


@DBOS.step()  # type: ignore[untyped-decorator]  # as above
def square(number: int) -> int:
    """Square a number."""
    return number * number


@DBOS.workflow()  # type: ignore[untyped-decorator]  # as above
def in_sequence(count: int) -> int:
    """Steps one after another."""
    return sum(square(number) for number in range(count))


def run(count: int, steps: int = 3) -> float:
    """Seconds for so many workflows, all started before the first is waited for."""
    began = time.perf_counter()
    handles = [DBOS.start_workflow(in_sequence, steps) for _ in range(count)]
    if {handle.get_result() for handle in handles} != {sum(number * number for number in range(steps))}:
        raise RuntimeError("A DBOS workflow gave a wrong result: its time means nothing.")
    return time.perf_counter() - began


if __name__ == "__main__":
    DBOS.launch()
    run(5)
    print("ready", flush=True)
    for line in sys.stdin:
        print(run(int(line)), flush=True)
    DBOS.destroy()
