"""What people ask of a model's ledger: its story, its rows, and whether it is as it was written."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func

from functions.ledgers import Checked, check_ledger, findings_of, ledgered_models, read_anchors, tell_story
from functions.triggers.callers import Seen
from functions.triggers.http import BadRequestError, answer, problem, read_limit
from functions.triggers.operations import no_such_model, unknown_model
from functions.triggers.witnesses import witnessed
from shared.blocking import run_blocking
from shared.lineage.anchors import KeptAnchor
from shared.lineage.ledger import KnownHead
from shared.lineage.trail import is_known, known_versions

_SECONDS: Final = 110.0  # to read a page of ledgers; two in a row fit into the 230 that a caller waits
_VERSIONS: Final = 5  # the newest, which a message names
_SHOWN: Final = 40  # characters of what was asked for


async def why_model(req: func.HttpRequest) -> func.HttpResponse:
    """Why this model is, or is not, in production: its ledger as a story, and where its version came from.

    With `?version=` the same of that version, whether or not it is in production.
    """
    if not Seen(req).has(name := req.route_params["name"]):
        return no_such_model(name)
    checked = await run_blocking(_checked, name, timeout=_SECONDS)
    if not checked.exists:
        return unknown_model(checked.model)
    rows, version = checked.chain.rows, req.params.get("version") or None
    if version is not None and not is_known(version, rows):
        return _unknown_version(checked, version)
    told = await run_blocking(tell_story, checked.model, rows, checked.findings, version)
    return answer(200, _seal(checked) | told)


async def get_ledger(req: func.HttpRequest) -> func.HttpResponse:
    """A model's ledger, oldest first."""
    if not Seen(req).has(name := req.route_params["name"]):
        return no_such_model(name)
    checked = await run_blocking(_checked, name, timeout=_SECONDS)
    return answer(200, {"rows": [row.to_wire() for row in checked.chain.rows], **_seal(checked)})


async def verify_ledger(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Whether a model's ledger is as it was written: what is wrong with its chain, and with what it is held against.

    It is held against the anchors, and against what the model was told of it.
    """
    model = req.route_params["name"]
    if not Seen(req).has(model):
        return no_such_model(model)
    known = (await witnessed(client, [model]))[model]
    checked = await run_blocking(_checked, model, known, timeout=_SECONDS)
    if not checked.exists:
        return unknown_model(checked.model)
    return answer(200, checked.to_json() | {"anchors": findings_of(checked.anchors, checked.model)})


async def verify_ledgers(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """The same of all models, a page at a time: `?limit=` models after `?after=`; `next` is where to go on."""
    try:
        limit = read_limit(req, usual=50, most=200)
    except BadRequestError as error:
        return error.answer
    after = req.params.get("after", "")
    seen = Seen(req)
    anchors, every = await run_blocking(_wanted, after, timeout=_SECONDS)
    models = [model for model in every if seen.has(model)]
    known = await witnessed(client, models[:limit])
    told = await run_blocking(_page, anchors, models, known, timeout=_SECONDS)
    return answer(200, told if seen.whole else told | {"anchors": _findings(anchors, models)})


async def list_anchors(req: func.HttpRequest) -> func.HttpResponse:
    """The newest anchors, newest first, each with the hash of its bytes; `?model=` keeps only that model's head."""
    model = req.params.get("model")
    seen = Seen(req)
    anchors = await run_blocking(read_anchors, timeout=_SECONDS)
    found = []
    for one in anchors:
        told: dict[str, Any] = one.anchor.to_wire() if one.anchor else {}
        if one.anchor is not None:
            heads = told["heads"].items()
            told["heads"] = {name: head for name, head in heads if model in (None, name) and seen.has(name)}
            about = ((finding, finding.partition(": ")[0]) for finding in told["findings"])
            told["findings"] = [finding for finding, name in about if seen.has(name)]
        found.append({"path": one.path, "sha256": one.sha256, **told})
    if seen.whole:
        return answer(200, {"anchors": found, "findings": findings_of(anchors)})
    models = [name for name in await run_blocking(ledgered_models, anchors, timeout=_SECONDS) if seen.has(name)]
    return answer(200, {"anchors": found, "findings": _findings(anchors, models)})


def _findings(anchors: Sequence[KeptAnchor], models: Iterable[str]) -> list[str]:
    """What is wrong with the anchors as far as it is about these models."""
    return list(dict.fromkeys(told for model in models for told in findings_of(anchors, model)))


def _unknown_version(checked: Checked, version: str) -> func.HttpResponse:
    known = known_versions(checked.chain.rows)
    has = f"it tells of version {', '.join(known[-_VERSIONS:])}" if known else "it tells of no version yet"
    told = f"The ledger of {checked.model} does not tell of a version {version[:_SHOWN]}"
    return problem(404, "no-version", f"{told}: {has}.")


def _checked(model: str, known: Iterable[KnownHead] = ()) -> Checked:
    return check_ledger(model, read_anchors(), known)


def _seal(checked: Checked) -> dict[str, Any]:
    told = checked.to_json()
    return {"head": told["head"], "anchored": told["anchored"], "findings": told["findings"]}


def _wanted(after: str) -> tuple[list[KeptAnchor], list[str]]:
    anchors = read_anchors()
    return anchors, [model for model in ledgered_models(anchors) if model > after]


def _page(
    anchors: Sequence[KeptAnchor], models: Sequence[str], known: Mapping[str, Sequence[KnownHead]]
) -> dict[str, Any]:
    """The models whose interlocks were asked; there may be more."""
    checked = [check_ledger(model, anchors, heads) for model, heads in known.items()]
    return {
        "models": [one.to_json() for one in checked if one.exists],
        "anchors": findings_of(anchors),
        "next": models[len(known) - 1] if len(models) > len(known) else None,
    }
