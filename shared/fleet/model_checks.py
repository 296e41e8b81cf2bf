"""Whether a model pattern fits the matrix and the datasets: what is found here keeps it from being expanded."""

from collections.abc import Collection, Iterator
from typing import Final

from shared.contracts.jobs import AS_OF
from shared.contracts.policy import Scalar
from shared.contracts.training import CHAMPION_INPUT
from shared.fleet.draft import Draft
from shared.fleet.expansion import golden_of
from shared.fleet.model_names import ModelName, fixed_twice, read_model_name
from shared.fleet.model_schema import BaselineSpec, ModelSpec
from shared.fleet.patterns import labels_in, stray_braces
from shared.fleet.periods import PERIOD_FORMS
from shared.located_yaml import Document, Place, Problem
from shared.near_names import nearest

#: Inputs that Signalbox fills itself.
_TRAIN_INPUTS: Final = frozenset({"dataset", CHAMPION_INPUT})
_BASELINE_INPUTS: Final = frozenset({"dataset"})
_SCORE_INPUTS: Final = frozenset({"model", "data", "rows"})


def check_model(key: str, spec: ModelSpec, draft: Draft) -> Iterator[Problem]:
    """Everything about one entry under `models` that can be said without its cells."""
    name = read_model_name(key)
    yield from _name_faults(name, draft)
    yield from _label_faults(name, spec, draft)
    yield from _data_faults(name, spec, draft)
    if spec.baseline:
        yield from _baseline_faults(name, spec.baseline, spec.train.data, draft)
    yield from _input_faults(key, spec, draft)
    if spec.stale and spec.serve.online:
        text = "`stale` is not supported yet for a model that an endpoint serves: its age is looked at when it scores"
        yield draft.document.problem(("models", key, "stale"), f"{text} a period; remove it")


def golden_place(key: str, document: Document) -> Place:
    """Where a model's golden set is written."""
    own = ("models", key, "golden")
    return own if own in document.lines else ("release", "golden")


def _name_faults(name: ModelName, draft: Draft) -> Iterator[Problem]:
    problem, place = draft.document.problem, ("models", name.written)
    yield from _text_faults(place, name.text, name.labels, "", draft)
    for label, value in name.fixed.items():
        if label in draft.matrix and value not in draft.values(label):
            yield problem(place, f"`{label}` has no value `{value}`; {nearest(value, draft.values(label))}")
    twice = fixed_twice(name.written)
    if twice:
        yield problem(place, f"`{twice}` is held to two values; keep one of them")


def _label_faults(name: ModelName, spec: ModelSpec, draft: Draft) -> Iterator[Problem]:
    missing = f"the model's name `{name.written}`"
    for place, text in _texts(name.written, spec, draft):
        yield from _text_faults(place, text, name.labels, missing, draft)


def _text_faults(place: Place, text: str, allowed: Collection[str], missing: str, draft: Draft) -> Iterator[Problem]:
    """Braces that are no label, labels that the matrix has not, and labels that are not allowed here."""
    problem, known = draft.document.problem, draft.document.mapping(("matrix",))
    stray = stray_braces(text)
    if stray:
        yield problem(place, f"`{stray}` in `{text}` is no label; write {{label}} with a-z, 0-9 and _")
    for label in labels_in(text):
        if label not in known:
            yield problem(place, _unknown_label(label, known))
        elif label not in allowed:
            yield problem(place, f"`{{{label}}}` is not in {missing}; add it there, or leave it out")


def _unknown_label(label: str, known: Collection[str]) -> str:
    if f"{{{label}}}" == AS_OF:
        return f"`{AS_OF}` is filled when a model scores, in `with` of `serve` only; remove it here"
    if label in PERIOD_FORMS:
        return f"`{{{label}}}` is a period: it comes with the files, and a model is of all periods; remove it here"
    return f"the matrix has no label `{label}`; {nearest(label, known)}"


def _texts(key: str, spec: ModelSpec, draft: Draft) -> Iterator[tuple[Place, str]]:
    """Every text of a model that may hold labels of its name, with its place."""
    place: Place = ("models", key)
    yield (*place, "train", "pipeline"), spec.train.pipeline
    yield (*place, "serve", "online"), spec.serve.online or ""
    yield (*place, "serve", "batch"), spec.serve.batch or ""
    yield golden_place(key, draft.document), golden_of(spec, draft)
    for parameter, value in spec.train.parameters.items():
        yield (*place, "train", "with", parameter), _input_text(value)
    for parameter, value in spec.serve.parameters.items():
        yield (*place, "serve", "with", parameter), _input_text(value).replace(AS_OF, "")  # filled when the job begins
    for tag, value in spec.tags.items():
        yield (*place, "tags", tag), value


def _input_text(value: Scalar) -> str:
    return value if isinstance(value, str) else ""


def _data_faults(name: ModelName, spec: ModelSpec, draft: Draft) -> Iterator[Problem]:
    for part, data in (("train", spec.train.data), ("serve", spec.serve.data)):
        if data is None:
            continue
        place = ("models", name.written, part, "data")
        if data not in draft.datasets.names:
            yield draft.document.problem(place, f"there is no dataset `{data}`; {nearest(data, draft.datasets.names)}")
        for label in _cells_of(data, draft):
            if label not in name.labels:
                text = f"`{data}` comes per {label}, but the model's name has no {{{label}}}; add it to the name"
                yield draft.document.problem(place, text)


def _cells_of(data: str, draft: Draft) -> list[str]:
    """The labels of the matrix that a dataset comes per."""
    spec = draft.datasets.specs.get(data)
    return [label for label in spec.per if label in draft.matrix] if spec else []


def _baseline_faults(name: ModelName, spec: BaselineSpec, data: str, draft: Draft) -> Iterator[Problem]:
    problem, place = draft.document.problem, ("models", name.written, "baseline")
    for index, label in enumerate(spec.per):
        if label not in name.labels:
            what = f"`{label}` is not a label of the model's name `{name.written}`"
            yield problem((*place, "per", index), f"{what}; {nearest(label, name.labels)}")
    for label in _cells_of(data, draft):
        if label not in spec.per:
            text = f"`{data}` comes per {label}, but the baseline's `per` has no `{label}`; add it there"
            yield problem((*place, "per"), text)
    missing = "the baseline's `per`"
    yield from _text_faults((*place, "pipeline"), spec.pipeline, spec.per, missing, draft)
    for parameter, value in spec.parameters.items():
        here = (*place, "with", parameter)
        yield from _text_faults(here, _input_text(value), spec.per, missing, draft)
    yield from _baseline_name_faults((*place, "name"), spec, draft)


def _baseline_name_faults(place: Place, spec: BaselineSpec, draft: Draft) -> Iterator[Problem]:
    if spec.name is None:
        return
    yield from _text_faults(place, spec.name, spec.per, "the baseline's `per`", draft)
    for label in spec.per:
        if label not in labels_in(spec.name):
            text = f"the baselines of every {label} would be called `{spec.name}`; add {{{label}}} to the name"
            yield draft.document.problem(place, text)


def _input_faults(key: str, spec: ModelSpec, draft: Draft) -> Iterator[Problem]:
    if not golden_of(spec, draft) and not draft.document.at(("release", "golden")):
        example = 'write for example `golden: "golden/{origin}.csv"` here or under `release`'
        yield draft.document.problem(("models", key), f"the model has no golden set to be tested with; {example}")
    taken = {
        "train": (spec.train.parameters, _TRAIN_INPUTS),
        "baseline": (spec.baseline.parameters if spec.baseline else {}, _BASELINE_INPUTS),
        "serve": (spec.serve.parameters, _SCORE_INPUTS),
    }
    for part, (parameters, reserved) in taken.items():
        for parameter in sorted(reserved & set(parameters)):
            text = f"the input `{parameter}` is filled by Signalbox; remove it from `with`"
            yield draft.document.problem(("models", key, part, "with", parameter), text)
