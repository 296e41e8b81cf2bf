"""Whether what the models are called fits the services, and what they refer to is there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from shared.contracts.jobs import OWN_TAGS
from shared.fleet.checks import NAME
from shared.fleet.draft import Draft
from shared.fleet.expansion import Expanded
from shared.fleet.files import file_fault
from shared.fleet.model_checks import golden_place
from shared.located_yaml import Place, Problem
from shared.release.sharing import MOST_DEPLOYMENTS, MOST_MODELS, WHILE_RELEASED

#: Azure ML's rule for endpoints.
_ENDPOINT: Final = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
#: What both MLflow and Azure take as the name of a tag, and how long and how many Azure's values may be.
_TAG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_LONGEST_TAG: Final = 256
_MOST_TAGS: Final = 40
#: Azure ML's limit per subscription and region.
MOST_ENDPOINTS: Final = 100
#: So many problems of one kind are shown per line.
_SHOWN: Final = 3


def check_services(expanded: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    """Names of models, baselines, endpoints and tags, and the files of each model."""
    yield from few(_model_faults(expanded, draft))
    yield from few(_baseline_faults(expanded, draft))
    yield from few(_endpoint_faults(expanded, draft))
    yield from few(_tag_faults(expanded, draft))
    yield from few(_missing_files(expanded, draft))


def few(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Some of each line: one wrong pattern is wrong for each of its models."""
    for line, found in groupby(sorted(set(problems)), lambda problem: problem.line):
        of_line = list(found)
        *shown, last = of_line[:_SHOWN]
        more = len(of_line) - _SHOWN
        yield from shown
        yield Problem(line, f"{last.text} (and {more} more like it)") if more > 0 else last


def _model_faults(expanded: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    first: dict[str, Expanded] = {}
    for one in expanded:
        model, place = one.policy.model, ("models", one.key)
        if not NAME.fullmatch(model):
            text = f"`{model}` is no name for a model; use up to 63 of a-z, 0-9 and -, a-z first"
            yield draft.document.problem(place, text)
        known = first.setdefault(model, one)
        if known.key != one.key:
            line = draft.document.problem(("models", known.key), "").line
            yield draft.document.problem(place, f"`{model}` is also made by line {line}; let their names differ")
        elif known is not one and _cell(known).lower() != _cell(one).lower():  # the matrix says so of values
            cells = f"{_cell(known)} and of {_cell(one)}"
            text = f"`{model}` is the name of {cells}; change a value, or the text between the labels"
            yield draft.document.problem(place, text)


def _cell(one: Expanded) -> str:
    return ", ".join(f"{label}={value}" for label, value in one.policy.labels.items())


def _baseline_faults(expanded: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    models = {one.policy.model: one.key for one in expanded}
    first: dict[str, Expanded] = {}
    for one in expanded:
        baseline = one.policy.baseline
        if baseline is None:
            continue
        known = first.setdefault(baseline.model, one)
        fault = _baseline_name_fault(baseline.model, models, draft) if known is one else None
        if known.policy.baseline != baseline or known.policy.train.dataset != one.policy.train.dataset:
            line = draft.document.problem(("models", known.key, "baseline"), "").line
            what = f"the baseline `{baseline.model}` is also that of line {line}, with another pipeline, input or data"
            fault = f"{what}; give it a `name`"
        if fault:
            yield draft.document.problem(("models", one.key, "baseline"), fault)


def _baseline_name_fault(name: str, models: dict[str, str], draft: Draft) -> str | None:
    if name in models:
        line = draft.document.problem(("models", models[name]), "").line
        return f"the baseline `{name}` is also a model (line {line}); give it another `name`"
    if not NAME.fullmatch(name):
        return f"`{name}` is no name for a baseline; use up to 63 of a-z, 0-9 and -, a-z first"
    return None


def _endpoint_faults(expanded: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    behind: dict[str, dict[str, Expanded]] = {}
    for one in expanded:
        place, endpoint = ("models", one.key, "serve", "online"), one.policy.serve.endpoint
        if endpoint is None:
            continue
        if not _ENDPOINT.fullmatch(endpoint):
            what = f"`{endpoint}` ({len(endpoint)} characters) is no name for an endpoint"
            yield draft.document.problem(place, f"{what}; use 3 to 32 of a-z, 0-9 and -, a-z first")
        behind.setdefault(endpoint, {}).setdefault(one.policy.model, one)
    for endpoint, models in behind.items():
        yield from _sharing_faults(endpoint, tuple(models.values()), draft)
    if len(behind) > MOST_ENDPOINTS:
        yield draft.document.problem(("models",), too_many_endpoints("the fleet needs", len(behind)))


def too_many_endpoints(who: str, needed: int) -> str:
    """What is said where Azure ML does not allow that many; `who` is followed by their number."""
    text = f"{who} {needed} endpoints, and Azure ML allows {MOST_ENDPOINTS} per subscription and region"
    remedy = (
        "let models share some (`shared: true`), serve some in `batch`, or run another app with some of the models, "
    )
    return f"{text}; {remedy}in a workspace of another region"


def too_many_models(endpoint: str, models: int, where: str | None = None) -> str:
    """What is said where a shared endpoint has no room for that many; `where` are others of them."""
    text = f"`{endpoint}` would serve {models} models, and a shared endpoint has room for {MOST_MODELS}"
    why = f"of the {MOST_DEPLOYMENTS} deployments that Azure ML allows, a model needs {WHILE_RELEASED} at times"
    told = f"{why}; {where}" if where else why
    return f"{text} ({told}); put another label into its name, or use several"


def _sharing_faults(endpoint: str, models: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    """Each model that has the endpoint must say that others have it too, and there is room for some only."""
    first, *others = models
    for one in models if others else ():
        if not one.policy.serve.shared:
            pair = f"`{first.policy.model}` and `{(others[0] if one is first else one).policy.model}`"
            remedy = "give each model its own endpoint, or say `shared: true` beside it in all of them"
            text = f"`{endpoint}` would serve both {pair}; {remedy}"
            yield draft.document.problem(("models", one.key, "serve", "online"), text)
    if len(models) > MOST_MODELS and all(one.policy.serve.shared for one in models):
        for key in dict.fromkeys(one.key for one in models):
            text = too_many_models(endpoint, len(models))
            yield draft.document.problem(("models", key, "serve", "online"), text)


def _tag_faults(expanded: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    for key, spec in draft.models.specs.items():
        place: Place = ("models", key, "tags")
        for tag in spec.tags:
            if not _TAG.fullmatch(tag):
                text = f"`{tag}` is no name for a tag; use up to 100 of letters, digits and _ . -"
                yield draft.document.problem((*place, tag), text)
            elif tag.startswith(OWN_TAGS):
                text = f"`{tag}`: tags that begin with `{OWN_TAGS}` are set by Signalbox; use another name"
                yield draft.document.problem((*place, tag), text)
        if len(spec.tags) > _MOST_TAGS:
            yield draft.document.problem(place, f"{len(spec.tags)} tags are too many; keep {_MOST_TAGS} of them")
    for one in expanded:
        for tag, value in one.policy.tags.items():
            if not 0 < len(value) <= _LONGEST_TAG:
                text = f"the value of `{tag}` has {len(value)} characters; write 1 to {_LONGEST_TAG}"
                yield draft.document.problem(("models", one.key, "tags", tag), text)


def _missing_files(expanded: Sequence[Expanded], draft: Draft) -> Iterator[Problem]:
    """Each file once, at the first place that refers to it."""
    folder = draft.document.path.parent
    seen: dict[tuple[Place, str], None] = {}
    for one in expanded:
        place, policy = ("models", one.key), one.policy
        seen[(*place, "train", "pipeline"), policy.train.pipeline] = None
        if policy.golden:
            seen[golden_place(one.key, draft.document), policy.golden] = None
        if policy.baseline:
            seen[(*place, "baseline", "pipeline"), policy.baseline.pipeline] = None
        if policy.serve.pipeline is not None:
            seen[(*place, "serve", "batch"), policy.serve.pipeline] = None
        if policy.serve.deployment is not None:
            seen[(*place, "serve", "deployment"), policy.serve.deployment] = None
    faults = {file: file_fault(folder, file) for file in {file for _, file in seen}}
    for where, file in seen:
        if fault := faults[file]:
            yield draft.document.problem(where, fault)
