"""`python -m benchmarks`: run all, and write `benchmarks/results.md`."""

import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: Benchmarks in the order in which they are run, with the limit that each is held against.
BENCHMARKS = {
    "coldstart": "`ratio` at most 1.4, `heavy_modules` empty",
    "package": (
        "none: what goes to Azure, what the remote build installs for it, and `import function_app` from there alone; "
        "`alone` true"
    ),
    "telemetry": "`cost` below 0.05, interleaved on against off; `dropped` 0",
    "engine": (
        "`vs_in_memory_full` at least 0.9, `vs_in_memory_normal` 1.5, `fanout_1000_vs_in_memory` 1, `vs_dbos` 2 "
        "(null without PostgreSQL), `poll_30_days_s` below 40 (stretch 10), `cost_10000_over_100` and `growth_time` "
        "at most 1.3; ratios are medians of interleaved pairs, and more than 1 is faster than the other"
    ),
    "fleet": (
        "`load_1000_s` below 1; seconds per 100 models flat from 10 to 1,000: `cost_1000_over_10` at most 1.3; "
        "`at_once_cost_1000` says what taking turns costs"
    ),
    "conditioning": (
        "`vs_pandas` at least 6, `cpu_vs_polars_native` at most 2.0 (stretch 1.3), `peak_mib` at most 512, "
        "`peak_growth` from 256 MiB to 2 GiB at most 1.15"
    ),
    "waiting": (
        "`lag_s_p50_events` below 1; without events at most a tenth of the job's length and 600: "
        "`lag_s_p50_no_events_10m` 60, `lag_s_p50_no_events_2h` 600, `lag_s_p50_no_events_10h` 600 (`…_spread`, "
        "over lengths within a fifth around each, has no goal); "
        "`reads_10h_events` at most 30, `reads_10h_no_events` 70; `fewer_than_10s_poll` at least 50"
    ),
    "interlock": (
        "`decide_us_p50` below 50; `webhook_to_release_ms_p50` below 50 and `webhook_to_release_ms_p99` 500; "
        "`cost_1000_over_10` at most 1.3; `handled` 10,000"
    ),
    "cli": "`help_ms_p50` below 300; `models_1000_ms_p50`, `model_ms_p50` and `why_ms_p50` below 1000",
    "azureml": "none: memory, and the time of the first submit and of 1,000 reads, against the double",
    "page": "`home_1000_ms_p50` below 300; `grows` (1,000 models over 10) and `model_ms_p50` have no goal",
    "cost": "none: counts that [the cost model](../docs/cost.md) multiplies; `busy_s_…` depend on the machine",
    "demo": "`stack_ready_s` at most 30, `demo_s` (twelve models) at most 300, `demo_peak_mb` at most 4000",
}


def main() -> int:
    """Run every benchmark; 1 if one of them failed."""
    parts, failed = [_heading()], False
    for name, goal in BENCHMARKS.items():
        started = time.monotonic()
        print(f"{name} ...", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"],
            cwd=HERE.parent,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )  # its progress goes on to stderr
        if done.returncode:
            failed = True
            continue
        result = json.loads(done.stdout.splitlines()[-1])
        print(json.dumps(result))
        parts.append(_section(name, goal, result, time.monotonic() - started))
    (HERE / "results.md").write_text("\n".join(parts))
    return int(failed)


def _heading() -> str:
    day, machine = datetime.now(UTC).date().isoformat(), f"{platform.system()}, {os.cpu_count()} cores"
    return (
        "# Results\n\n"
        f"Made by `make bench` on {day}: {machine}, Python {platform.python_version()}. "
        "Machines are noisy: compare ratios, not seconds.\n"
    )


def _section(name: str, goal: str, result: dict[str, Any], seconds: float) -> str:
    rows = "\n".join(f"| `{key}` | {value} |" for key, value in result.items())
    return f"## {name}\n\nGoal: {goal}. Took {seconds:.0f} s.\n\n| | |\n|---|---|\n{rows}\n"


if __name__ == "__main__":
    sys.exit(main())
