"""Whether the gates can be judged: how many there are, and whether pipelines are given what they compare with."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from shared.contracts.training import CHAMPION_INPUT
from shared.fleet.draft import Draft
from shared.fleet.expansion import Expanded
from shared.fleet.files import file_fault
from shared.located_yaml import Problem

#: A policy travels with every event of a model, and a verdict with every outcome: both have to stay small.
MOST_GATES: Final = 20
#: Bytes of a policy: what else is in a payload of 16 KB has room beside it.
MOST_BYTES: Final = 10_000
_TYPE: Final = "mlflow_model"


def check_gates(expanded: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    """Not too many gates; and the champion as an input of each pipeline whose model is compared with it."""
    if len(draft.gates.names) > MOST_GATES:
        text = f"{len(draft.gates.names)} gates are too many; keep {MOST_GATES} of them"
        yield draft.document.problem(("gates",), text)
    gate = next((name for name, rule in draft.gates.specs.items() if _compares(rule)), None)
    if gate is None:
        return
    key = "better_than" if draft.gates.specs[gate].better_than == "champion" else "not_worse_than"
    for pipeline in dict.fromkeys(one.policy.train.pipeline for one in expanded):
        fault = _input_fault(draft.document.path.parent, pipeline)
        if fault:
            what = f"`{gate}` compares with the champion, and {fault}"
            remedy = f"add `{CHAMPION_INPUT}: {{type: {_TYPE}}}` to its inputs, and put its predictions out as the "
            remedy += "column `champion` of the evaluation"
            yield draft.document.problem(("gates", gate, key), f"{what}; {remedy}")


def check_sizes(expanded: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    """No policy is larger than what travels, with the exceptions to its gates; each entry is told once."""
    told: set[str] = set()
    for one in expanded:
        size = len(json.dumps(one.policy.to_wire()))
        if size > MOST_BYTES and one.key not in told:
            told.add(one.key)
            text = (
                f"all that is said of `{one.policy.model}` makes {size} bytes, and {MOST_BYTES} travel with each of "
                "its events; shorten what is longest: reasons of overrides, parameters in `with`, tags, names of gates"
            )
            yield draft.document.problem(("models", one.key), text)


def _compares(rule: Any) -> bool:
    return "champion" in (rule.better_than, rule.not_worse_than)


def _input_fault(folder: Path, pipeline: str) -> str | None:
    """Why a pipeline cannot be given the champion; `None` when it can, and when that cannot be known here."""
    import yaml  # noqa: PLC0415 - only a fleet that compares with its champions needs it

    if file_fault(folder, pipeline):
        return None  # which is said of the model
    try:
        content = yaml.safe_load((folder / pipeline).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        return f"`{pipeline}` cannot be read ({type(error).__name__})"
    if not isinstance(content, dict):
        return f"`{pipeline}` is no pipeline"
    inputs = content.get("inputs") if isinstance(content.get("inputs"), dict) else {}
    declared = inputs.get(CHAMPION_INPUT) if inputs else None
    if declared is None:
        registered = "component" in content  # whose inputs only the workspace knows
        return None if registered else f"`{pipeline}` has no input `{CHAMPION_INPUT}`"
    kind = declared.get("type") if isinstance(declared, dict) else None
    return None if kind == _TYPE else f"the input `{CHAMPION_INPUT}` of `{pipeline}` is no {_TYPE}"
