"""What people ask of a model's ledger: its story, its rows, and whether it is as it was written."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import azure.durable_functions as df
import azure.functions as func

from functions import adapters
from functions.ledgers import Checked, check_ledger, findings_of, ledgered_models, read_anchors
from functions.triggers.http import BadRequestError, answer, read_limit
from functions.triggers.operations import unknown_model
from functions.triggers.witnesses import witnessed
from shared.blocking import run_blocking
from shared.errors import PermanentError
from shared.lineage.anchors import KeptAnchor
from shared.lineage.ledger import KnownHead
from shared.lineage.story import shown_version, tell
from shared.lineage.trail import manifest_of

_SECONDS: Final = 120.0  # to read a page of ledgers


async def why_model(req: func.HttpRequest) -> func.HttpResponse:
    """Why this model is, or is not, in production: its ledger as a story, and where its version came from."""
    checked = await run_blocking(_checked, req.route_params["name"], timeout=_SECONDS)
    if not checked.exists:
        return unknown_model(checked.model)
    return answer(200, _seal(checked) | await run_blocking(_told, checked))


async def get_ledger(req: func.HttpRequest) -> func.HttpResponse:
    """A model's ledger, oldest first."""
    checked = await run_blocking(_checked, req.route_params["name"], timeout=_SECONDS)
    return answer(200, {"rows": [row.to_wire() for row in checked.chain.rows], **_seal(checked)})


async def verify_ledger(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Whether a model's ledger is as it was written: what is wrong with its chain, and with what it is held against.

    It is held against the anchors, and against what its interlock was told of it.
    """
    model = req.route_params["name"]
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
    anchors, models = await run_blocking(_wanted, after, timeout=_SECONDS)
    known = await witnessed(client, models[:limit])
    return answer(200, await run_blocking(_page, anchors, models, known, timeout=_SECONDS))


async def list_anchors(req: func.HttpRequest) -> func.HttpResponse:
    """The newest anchors, newest first, each with the hash of its bytes; `?model=` keeps only that model's head."""
    model = req.params.get("model")
    anchors = await run_blocking(read_anchors, timeout=_SECONDS)
    found = []
    for one in anchors:
        told: dict[str, Any] = one.anchor.to_wire() if one.anchor else {}
        if model is not None and one.anchor is not None:
            told["heads"] = {name: head for name, head in told["heads"].items() if name == model}
        found.append({"path": one.path, "sha256": one.sha256, **told})
    return answer(200, {"anchors": found, "findings": findings_of(anchors)})


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


def _told(checked: Checked) -> dict[str, Any]:
    rows = checked.chain.rows
    version = shown_version(rows)
    named = manifest_of(version, rows) if version else None
    content = _read(named.path) if named else None
    findings, manifest = list(checked.findings), None
    if named and content is not None:
        if hashlib.sha256(content).hexdigest() == named.sha256:
            manifest = json.loads(content)
        else:
            findings.append(f"manifest: {named.path} is not the one that row {named.row} names")
    return tell(checked.model, rows, findings=findings, manifest=manifest)


def _read(path: str) -> bytes | None:
    """A blob's bytes; `None` when it has expired."""
    try:
        return adapters.data().read(path)
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None
