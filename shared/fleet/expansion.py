"""Model patterns times the matrix: one policy per model, and what does not fit about it."""

import itertools
import re
from collections.abc import Iterator
from typing import Final

from shared.contracts.policy import GatePolicy, ModelPolicy, Scalar, ServePolicy, TrainPolicy
from shared.fleet.checks import NAME
from shared.fleet.draft import Draft
from shared.fleet.files import file_fault
from shared.fleet.patterns import fill, fill_name, labels_in, stray_braces
from shared.fleet.schema import ModelSpec
from shared.located_validation import nearest
from shared.located_yaml import Place, Problem

#: Azure ML's rule for endpoints.
_ENDPOINT: Final = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
#: Inputs that Signalbox fills itself.
_TRAIN_INPUTS: Final = frozenset({"dataset"})
_SCORE_INPUTS: Final = frozenset({"model", "data"})


def expand_models(draft: Draft) -> tuple[tuple[ModelPolicy, str], ...]:
    """The policy of every model with the pattern that it comes from; what does not fit goes to the draft's problems."""
    expanded: list[tuple[ModelPolicy, str]] = []
    for name, spec in draft.models.specs.items():
        found = [
            *_pattern_faults(name, spec, draft),
            *_data_faults(name, spec, draft),
            *_input_faults(name, spec, draft),
        ]
        draft.problems.extend(found)
        if not found and all(label in draft.matrix for label in labels_in(name)):
            expanded.extend((policy, name) for policy in _expand(name, spec, draft))
    for check in (_name_faults, _endpoint_faults, _missing_files):
        draft.problems.extend(check(expanded, draft))
    return tuple(expanded)


def _expand(name: str, spec: ModelSpec, draft: Draft) -> Iterator[ModelPolicy]:
    names = labels_in(name)
    for values in itertools.product(*(draft.matrix[label] for label in names)):
        labels = dict(zip(names, values, strict=True))
        yield ModelPolicy(
            fleet=draft.name,
            revision=draft.revision,
            model=fill_name(name, labels),
            labels=labels,
            train=TrainPolicy(
                pipeline=fill(spec.train.pipeline, labels),
                dataset=spec.train.data,
                parameters=_filled(spec.train.parameters, labels),
                timeout_minutes=spec.train.timeout,
            ),
            serve=_serve(spec, labels),
            gates=tuple(
                GatePolicy(name=gate, metric=rule.metric, max=rule.max, better_than=rule.better_than)
                for gate, rule in draft.gates.specs.items()
            ),
            golden=fill_name(_golden(spec, draft), labels),
        )


def _serve(spec: ModelSpec, labels: dict[str, str]) -> ServePolicy:
    if spec.serve.online is not None:
        return ServePolicy(mode="online", endpoint=fill_name(spec.serve.online, labels))
    parameters = _filled(spec.serve.parameters, labels)
    return ServePolicy(mode="batch", pipeline=fill(spec.serve.batch or "", labels), parameters=parameters)


def _filled(parameters: dict[str, Scalar], labels: dict[str, str]) -> dict[str, Scalar]:
    return {key: fill(value, labels) if isinstance(value, str) else value for key, value in parameters.items()}


def _golden(spec: ModelSpec, draft: Draft) -> str:
    return spec.golden or draft.release.golden or ""


def _texts(name: str, spec: ModelSpec, draft: Draft) -> Iterator[tuple[Place, str]]:
    """Every text of a model that may hold labels, with its place."""
    place: Place = ("models", name)
    yield (*place, "train", "pipeline"), spec.train.pipeline
    yield (*place, "serve", "online"), spec.serve.online or ""
    yield (*place, "serve", "batch"), spec.serve.batch or ""
    yield _golden_place(name, draft), _golden(spec, draft)
    for part, parameters in (("train", spec.train.parameters), ("serve", spec.serve.parameters)):
        for key, value in parameters.items():
            yield (*place, part, "with", key), value if isinstance(value, str) else ""


def _golden_place(name: str, draft: Draft) -> Place:
    own = ("models", name, "golden")
    return own if own in draft.document.lines else ("release", "golden")


def _pattern_faults(name: str, spec: ModelSpec, draft: Draft) -> Iterator[Problem]:
    problem = draft.document.problem
    known = draft.document.mapping(("matrix",))
    for place, text in ((("models", name), name), *_texts(name, spec, draft)):
        stray = stray_braces(text)
        if stray:
            yield problem(place, f"`{stray}` in `{text}` is no label; write {{label}} with a-z, 0-9 and _")
        for label in labels_in(text):
            if label not in known:
                yield problem(place, f"the matrix has no label `{label}`; {nearest(label, known)}")
            elif label not in labels_in(name):
                yield problem(
                    place, f"`{{{label}}}` is not in the model's name `{name}`; add it there, or leave it out"
                )


def _data_faults(name: str, spec: ModelSpec, draft: Draft) -> Iterator[Problem]:
    place, data = ("models", name, "train", "data"), spec.train.data
    if data not in draft.datasets.names:
        yield draft.document.problem(place, f"there is no dataset `{data}`; {nearest(data, draft.datasets.names)}")
    for label in draft.datasets.specs[data].per if data in draft.datasets.specs else ():
        if label in draft.matrix and label not in labels_in(name):
            text = f"`{data}` comes per {label}, but the model's name has no {{{label}}}; add it to the name"
            yield draft.document.problem(place, text)


def _input_faults(name: str, spec: ModelSpec, draft: Draft) -> Iterator[Problem]:
    if not _golden(spec, draft):
        example = 'write for example `golden: "golden/{origin}.csv"` here or under `release`'
        yield draft.document.problem(("models", name), f"the model has no golden set to be tested with; {example}")
    taken = {"train": (spec.train.parameters, _TRAIN_INPUTS), "serve": (spec.serve.parameters, _SCORE_INPUTS)}
    for part, (parameters, reserved) in taken.items():
        for key in sorted(reserved & set(parameters)):
            text = f"the input `{key}` is filled by Signalbox; remove it from `with`"
            yield draft.document.problem(("models", name, part, "with", key), text)


def _name_faults(expanded: list[tuple[ModelPolicy, str]], draft: Draft) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for policy, name in expanded:
        if not NAME.fullmatch(policy.model):
            text = f"`{policy.model}` is no name for a model; use up to 63 of a-z, 0-9 and -, a-z first"
            yield draft.document.problem(("models", name), text)
        if first.setdefault(policy.model, name) != name:
            line = draft.document.problem(("models", first[policy.model]), "").line
            text = f"`{policy.model}` is also made by line {line}; let their names differ"
            yield draft.document.problem(("models", name), text)


def _endpoint_faults(expanded: list[tuple[ModelPolicy, str]], draft: Draft) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for policy, name in expanded:
        place, endpoint = ("models", name, "serve", "online"), policy.serve.endpoint
        if endpoint is None:
            continue
        if not _ENDPOINT.fullmatch(endpoint):
            what = f"`{endpoint}` ({len(endpoint)} characters) is no name for an endpoint"
            yield draft.document.problem(place, f"{what}; use 3 to 32 of a-z, 0-9 and -, a-z first")
        if first.setdefault(endpoint, policy.model) != policy.model:
            text = f"`{endpoint}` would serve both `{first[endpoint]}` and `{policy.model}`"
            yield draft.document.problem(place, f"{text}; give each model its own endpoint")


def _missing_files(expanded: list[tuple[ModelPolicy, str]], draft: Draft) -> Iterator[Problem]:
    folder = draft.document.path.parent
    for policy, name in expanded:
        files: dict[Place, str | None] = {
            ("models", name, "train", "pipeline"): policy.train.pipeline,
            ("models", name, "serve", "batch"): policy.serve.pipeline,
            _golden_place(name, draft): policy.golden,
        }
        for place, file in files.items():
            fault = file_fault(folder, file) if file is not None else None
            if fault:
                yield draft.document.problem(place, fault)
