"""``signalbox check``: what is said of a pipeline; exit codes."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from cli.check_findings import Findings, Role
from cli.check_pipeline import Checked, check_pipeline
from cli.files import require_file
from cli.printing import print_json, say
from shared.errors import PermanentError

_FOR: Final[dict[Role, str]] = {"train": "a training", "baseline": "a baseline", "score": "a scoring"}
_READS: Final[dict[Role, str]] = {
    "train": "gives `dataset` and `champion`, reads `model` and `evaluation`, and registers `model`",
    "baseline": "gives `dataset`, reads `model` and `evaluation`, and registers `model`",
    "score": "gives `model`, `data`, `rows` and `champion`, and reads `predictions` and `evaluation`",
}
_GUIDE: Final = "The contract is on one page: docs/pipelines.md"


def tell(pipeline: Path, role: Role | None, evaluation: Path | None, *, sdk: bool, as_json: bool) -> int:
    """Print what was found.

    Returns:
        The exit code: 1 when the contract is not kept.

    Raises:
        CommandError: There is no such file.
    """
    for file in (pipeline, evaluation):
        if file is not None:
            require_file(file)
    checked = check_pipeline(pipeline, role)
    if sdk and not checked.findings.of("problem"):
        _let_sdk_read(pipeline, checked.findings)
    figures = _figures(evaluation, checked.findings) if evaluation is not None else None
    problems = checked.findings.of("problem")
    if as_json:
        print_json(_as_json(pipeline, checked, figures))
    else:
        _print(pipeline, checked, figures)
    return int(bool(problems))


def _print(pipeline: Path, checked: Checked, figures: dict[str, Any] | None) -> None:
    for finding in checked.findings.all:
        sign = {"problem": "", "notice": "note: ", "elsewhere": "Azure ML only: "}[finding.kind]
        say(f"{finding.file}:{finding.line}: {sign}{finding.text}")
    problems = len(checked.findings.of("problem"))
    if problems:
        say(f"{pipeline}, as {_FOR[checked.role]}: {problems} problem{'s' * (problems > 1)}. {_GUIDE}")
        return
    where = "It runs here and on Azure ML." if checked.local else "It runs on Azure ML only."
    say(f"{pipeline} keeps the contract, as {_FOR[checked.role]}. {where}")
    say(f"  Signalbox {_READS[checked.role]}.")
    if checked.parameters:
        say(f"  The fleet file may fill, by `with`: {', '.join(checked.parameters)}.")
    if figures is not None:
        told = ", ".join(f"{name} {value:.4g}" for name, value in figures.items() if isinstance(value, float))
        say(f"  The evaluation has {figures['rows']:,} rows: {told}.")
    elif checked.role != "score":
        say("  The columns of `evaluation` are known once it has run: `--evaluation FILE` checks them.")


def _as_json(pipeline: Path, checked: Checked, figures: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "pipeline": str(pipeline),
        "as": checked.role,
        "kept": not checked.findings.of("problem"),
        "runs": "here and on Azure ML" if checked.local else "on Azure ML only",
        "registers": "signalbox" if checked.role != "score" else None,
        "parameters": list(checked.parameters),
        "findings": [asdict(one) for one in checked.findings.all],
        "evaluation": figures,
    }


def _let_sdk_read(pipeline: Path, findings: Findings) -> None:
    """By the code that a laptop runs it by; what it refuses is no fault where only Azure ML can run it."""
    from local.services.jobs.azureml_yaml import read_pipeline  # noqa: PLC0415 - it takes seconds
    from local.services.jobs.definitions import JobError  # noqa: PLC0415 - as above

    logging.disable(logging.WARNING)  # the package announces each class of its own that is experimental
    try:
        read_pipeline(pipeline)
    except JobError as error:
        elsewhere = error.code.startswith("Unsupported")
        text = error.message.removeprefix(f"{pipeline.absolute()}: ")
        findings.at(pipeline, 1, f"azure-ai-ml: {text}", "elsewhere" if elsewhere else "problem")
    finally:
        logging.disable(logging.NOTSET)


def _figures(evaluation: Path, findings: Findings) -> dict[str, Any] | None:
    """What Signalbox would compute of an evaluation; what is wrong with it is noted."""
    from shared.evaluation.table import PREDICTION, read_table  # noqa: PLC0415 - only where it is asked for

    try:
        table = read_table(evaluation.read_bytes(), "The pipeline's output")
    except PermanentError as error:
        findings.at(evaluation, 1, error.message)
        return None
    figures = table.figures(PREDICTION)
    return {"rows": len(table.rows), **(figures.model_dump() if figures is not None else {})}
