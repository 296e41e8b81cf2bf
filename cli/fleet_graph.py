"""``signalbox fleet graph``: sources → datasets → models, one box for each entry of the fleet file."""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cli.failures import CommandError
from cli.fleet_files import with_fleet
from cli.printing import print_json, say
from shared.contracts.policy import ModelPolicy
from shared.fleet.fleet import Fleet
from shared.graph_svg import Box, Edge, draw_graph

_COLUMNS: Final = ("Sources", "Datasets", "Models")


def write(file: Path | None, environment: str | None, out: Path, *, as_json: bool) -> int:
    """Write the picture, and say where; gives the exit code.

    Raises:
        CommandError: The fleet file cannot be used, or the picture cannot be written.
    """

    def tell(fleet: Fleet) -> None:
        """The picture, and where it is."""
        drawn = draw(fleet)
        told: dict[str, object] = {"out": str(out), "models": len(fleet.models)}
        if str(out) == "-":
            if not as_json:
                sys.stdout.write(drawn)
            told["svg"] = drawn
        else:
            out.write_text(drawn, encoding="utf-8")
        if as_json:
            print_json(told)
        elif str(out) != "-":
            say(f"{out}: {_counted(len(fleet.models), 'model')}")

    try:
        return with_fleet(file, environment, tell)
    except OSError as error:
        told = f"{out} cannot be written: {error.strerror}"
        raise CommandError("not-written", told, "name another file by --out, in a folder that is there") from error


def draw(fleet: Fleet) -> str:
    """The fleet as SVG text. Models that come from one entry of the file are one box, however many they are."""
    boxes = [*_sources(fleet), *_datasets(fleet), *_models(fleet)]
    return draw_graph(f"{fleet.name} · {_counted(len(fleet.models), 'model')}", _COLUMNS, boxes, list(_edges(fleet)))


def _sources(fleet: Fleet) -> Iterator[Box]:
    for source in fleet.sources.values():
        since = (f"since {source.since}",) if source.since else ()
        yield Box(f"source {source.name}", 0, "source", source.name, (source.files.text, source.recipe, *since))


def _datasets(fleet: Fleet) -> Iterator[Box]:
    for dataset in fleet.datasets.values():
        wait = dataset.wait
        late = (f"until {wait.until}, else {wait.otherwise}",) if wait.until else ()
        yield Box(f"dataset {dataset.name}", 1, "dataset", dataset.name, (f"per {', '.join(dataset.per)}", *late))


def _models(fleet: Fleet) -> Iterator[Box]:
    for line, policies in _by_entry(fleet).items():
        first = policies[0]
        gates = ", ".join(gate.name for gate in first.gates)
        details = (f"{_counted(len(policies), 'model')}, served {_serving(first)}", f"gates: {gates}")
        yield Box(f"models {line}", 2, "models", pattern_of(policies), details)
    for name, compared in _baselines(fleet).items():
        count = len({policy.baseline.model for policy in compared if policy.baseline})
        told = f"{_counted(count, 'baseline')}, for {_counted(len(compared), 'model')}"
        yield Box(f"baseline {name}", 2, "baseline", name, (told,))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _serving(policy: ModelPolicy) -> str:
    return "by an endpoint" if policy.serve.mode == "online" else "in batch"


def _edges(fleet: Fleet) -> Iterator[Edge]:
    for dataset in fleet.datasets.values():
        for source in dataset.sources:
            yield Edge(f"source {source}", f"dataset {dataset.name}")
    for line, policies in _by_entry(fleet).items():
        train, serve = policies[0].train, policies[0].serve
        for name in dict.fromkeys((train.dataset, serve.dataset or train.dataset)):
            yield Edge(f"dataset {name}", f"models {line}")
    for baseline, compared in _baselines(fleet).items():
        for name in dict.fromkeys(policy.train.dataset for policy in compared):
            yield Edge(f"dataset {name}", f"baseline {baseline}", "compared")


def _by_entry(fleet: Fleet) -> dict[int, list[ModelPolicy]]:
    """The models by the line of the entry that they come from."""
    entries: dict[int, list[ModelPolicy]] = {}
    for policy in fleet.models:
        entries.setdefault(fleet.lines[policy.model], []).append(policy)
    return entries


def _baselines(fleet: Fleet) -> dict[str, list[ModelPolicy]]:
    """The models that are compared with a baseline, by what the baselines' names have in common."""
    found: dict[str, list[ModelPolicy]] = {}
    for policies in _by_entry(fleet).values():
        if (baseline := policies[0].baseline) is not None:
            found.setdefault(_with_labels(baseline.model, policies), []).extend(policies)
    return found


def pattern_of(policies: Sequence[ModelPolicy]) -> str:
    """The name that the models of one entry have in common, its varying parts as labels."""
    return _with_labels(policies[0].model, policies)


def _with_labels(name: str, policies: Sequence[ModelPolicy]) -> str:
    """A name with the values of those labels in braces that differ between the models."""
    first = policies[0].labels
    varying = [label for label in first if len({policy.labels[label] for policy in policies}) > 1]
    for label in varying:
        value = re.escape(first[label].lower())
        name = re.sub(rf"(?<![a-z0-9{{]){value}(?![a-z0-9}}])", f"{{{label}}}", name, count=1)
    return name
