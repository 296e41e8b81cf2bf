"""``signalbox fleet check``: everything that is wrong, at once."""

import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from rich.console import Console

from cli.files import require_file
from cli.fleet_files import given_or_configured
from cli.printing import print_json
from shared.errors import ConfigurationError
from shared.fleet.environments import environments_of
from shared.fleet.fleet import Fleet
from shared.fleet.loader import check_fleet, load_fleet, load_fleets
from shared.fleet.overrides import notices
from shared.fleet.patterns import labels_in
from shared.located_yaml import read_document


@dataclass
class Report:
    """What there is to say of one file.

    Attributes:
        problems: `file:line: what is wrong; what would be right`; empty when it can be used.
        notices: What a person should tidy up all the same.
        contents: How much it says, in words; empty when it cannot be used.
    """

    file: str
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    contents: str = ""


def tell(files: list[Path], *, as_json: bool) -> int:
    """Print the reports; gives the exit code: 1 when a file cannot be used."""
    wanted = given_or_configured(files)
    for file in wanted:
        require_file(file)
    reports = [_check(_from_here(file)) for file in wanted]
    if not any(report.problems for report in reports):
        reports[-1].problems += _clashes([Path(report.file) for report in reports])
    if as_json:
        print_json([asdict(report) for report in reports])
    else:
        _print(reports)
    return int(any(report.problems for report in reports))


def _check(file: Path) -> Report:
    report = Report(str(file), [_shortened(problem, file) for problem in check_fleet(file)])
    if not report.problems:
        names = environments_of(read_document(file.absolute()))
        fleets = [load_fleet(file, environment) for environment in (None, *names)]
        report.problems = _recipe_problems(fleets)
        report.notices = [_shortened(notice, file) for notice in notices(fleets[0], datetime.now(UTC))]
        report.contents = _contents(fleets[0], names)
    return report


def _recipe_problems(fleets: list[Fleet]) -> list[str]:
    """What is wrong with the recipes that the fleets name, each recipe read once."""
    from shared.conditioning.recipe.loader import load_recipe  # noqa: PLC0415 - only this command needs it

    problems = []
    for path, folder in sorted({(path, fleet.path.parent) for fleet in fleets for path in _recipes(fleet)}):
        try:
            load_recipe(path, folder)
        except ConfigurationError as error:
            problems += str(error).splitlines()
    return problems


def _recipes(fleet: Fleet) -> set[Path]:
    """Every recipe file of a fleet; labels that are not in the matrix have none that is known beforehand."""
    found = set()
    for source in fleet.sources.values():
        labels = labels_in(source.recipe)
        if all(label in fleet.matrix for label in labels):
            for values in product(*(fleet.matrix[label] for label in labels)):
                found.add(fleet.recipe_path(source.name, dict(zip(labels, values, strict=True))))
    return found


def _clashes(files: list[Path]) -> list[str]:
    """What is wrong between the files, as they are and in the environments that all of them have."""
    shared = set.intersection(*(set(environments_of(read_document(file.absolute()))) for file in files))
    found: dict[str, None] = {}
    for environment in (None, *sorted(shared)):
        try:
            load_fleets(files, environment)
        except ConfigurationError as error:
            found |= dict.fromkeys(str(error).splitlines())
    return list(found)


def _contents(fleet: Fleet, environments: tuple[str, ...]) -> str:
    baselines = {policy.baseline.model for policy in fleet.models if policy.baseline}
    counts = {
        "model": len(fleet.models),
        "baseline": len(baselines),
        "source": len(fleet.sources),
        "dataset": len(fleet.datasets),
    }
    parts = [f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items() if count]
    parts += [f"environments {', '.join(environments)}"] if environments else []
    return ", ".join(parts)


def _print(reports: list[Report]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for report in reports:
        for problem in report.problems:
            console.print(problem, style="red", markup=False)
        for notice in report.notices:
            console.print(notice, style="yellow", markup=False)
        if not report.problems:
            console.print(f"{report.file}: {report.contents}. All is well.", markup=False)
    problems = sum(len(report.problems) for report in reports)
    if problems:
        console.print(f"{problems} {'problem' if problems == 1 else 'problems'} found.")


def _from_here(file: Path) -> Path:
    """A path as a person here would write it, where it lies below."""
    relative = Path(os.path.relpath(file))
    return file if ".." in relative.parts else relative


def _shortened(text: str, file: Path) -> str:
    """A message with the file's name as it was given."""
    return text.replace(str(file.absolute()), str(file))
