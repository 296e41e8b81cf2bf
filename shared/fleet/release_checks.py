"""Whether what a fleet file says of releases and of its team fits its models."""

from collections.abc import Iterator

from shared.fleet.draft import Draft
from shared.fleet.release_expansion import period_label_of, periods_of
from shared.located_yaml import Place, Problem
from shared.near_names import nearest


def check_release(draft: Draft) -> Iterator[Problem]:
    """What is said of releases must concern at least one model, and what is promised must hold for each."""
    yield from _group_faults(draft)
    if draft.release.canary is not None and draft.release.strategy != "canary":
        text = "`canary` is of `strategy: canary`; write that too, or remove it"
        yield draft.document.problem(("release", "canary"), text)
    if not draft.models.specs or len(draft.models.specs) < len(draft.models.names):
        return
    yield from _endpoint_faults(draft)
    yield from _shadow_faults(draft)
    yield from _rollback_faults(draft)


def _endpoint_faults(draft: Draft) -> Iterator[Problem]:
    """What is of endpoints, where there is none."""
    said, specs = draft.release, draft.models.specs.values()
    online = any(spec.serve.online for spec in specs)
    own = any(spec.serve.online and not spec.serve.shared for spec in specs)
    if said.strategy == "canary" and not own:
        why = "every endpoint is shared, and has no traffic to be shared out" if online else "no model has an endpoint"
        text = f"{why}, so there can be no canary; write `strategy: {'blue_green' if online else 'shadow'}`"
        yield draft.document.problem(("release", "strategy"), text)
    if said.strategy == "blue_green" and not online:
        text = "no model has an endpoint, so there is nothing to be blue or green; write `strategy: all_at_once`"
        yield draft.document.problem(("release", "strategy"), text)
    for key in ("analysis", "grace"):
        if getattr(said, key) is not None and not online:
            text = f"`{key}` is of endpoints, and no model has one; remove it"
            yield draft.document.problem(("release", key), text)


def _shadow_faults(draft: Draft) -> Iterator[Problem]:
    shadow, specs = draft.release.shadow, draft.models.specs.values()
    if shadow is None:
        return
    place: Place = ("release", "shadow")
    if shadow.runs is not None and not any(spec.serve.batch for spec in specs):
        text = "`runs` counts periods that are scored in batch, and no model is; write `for: 1h` instead"
        yield draft.document.problem((*place, "runs"), text)
    for key, value in (("percent", shadow.percent), ("for", shadow.minutes)):
        if value is not None and not any(spec.serve.online for spec in specs):
            text = f"`{key}` is of an endpoint's traffic, and no model has one; write `runs: 1` instead"
            yield draft.document.problem((*place, key), text)


def _rollback_faults(draft: Draft) -> Iterator[Problem]:
    said, specs = draft.release.rollback, draft.models.specs
    if said is None:
        return
    place: Place = ("release", "rollback")
    bare = next((key for key, spec in specs.items() if spec.baseline is None), None)
    if said.otherwise == "baseline" and bare is not None:
        text = f"`{bare}` has no baseline that could take over; give it a `baseline`, or remove `else` here"
        yield draft.document.problem((*place, "else"), text)
    for index, one in enumerate(said.conditions):
        here: Place = (*place, "if", index)
        if one.event == "scoring_failed" and not any(spec.serve.batch for spec in specs.values()):
            yield draft.document.problem(here, "no model is scored in batch, so no scoring can fail; remove it")
        if one.event == "endpoint_unhealthy" and not any(spec.serve.online for spec in specs.values()):
            yield draft.document.problem(here, "no model has an endpoint that could be unhealthy; remove it")
        uncounted = next(
            (key for key, spec in specs.items() if not periods_of(one, period_label_of(spec, draft))), None
        )
        if one.metric is not None and uncounted is not None:
            number, unit = one.lasting
            what = f"`for: {number}{unit}` cannot be counted for `{uncounted}`, whose dataset has no period"
            yield draft.document.problem((*here, "for"), f"{what}; write for example `for: {number} periods`")


def _group_faults(draft: Draft) -> Iterator[Problem]:
    if draft.team is None:
        return
    known = draft.document.mapping(("matrix",))
    for key, groups in (("operate", draft.team.operate), ("approve", draft.team.approve)):
        for index, group in enumerate(groups):
            for label, value in group.match.items():
                place: Place = ("team", key, index, "match", label)
                if label not in known:
                    yield draft.document.problem(place, f"the matrix has no label `{label}`; {nearest(label, known)}")
                elif label in draft.matrix and value not in draft.values(label):
                    text = f"`{label}` has no value `{value}`; {nearest(value, draft.values(label))}"
                    yield draft.document.problem(place, text)
