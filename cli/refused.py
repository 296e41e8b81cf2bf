"""What to say of an answer that is a refusal: the app's own sentence, with what was probably meant."""

from typing import Any, Final
from urllib.parse import unquote

import httpx

from cli.credentials import TOKEN
from cli.failures import CommandError
from cli.finding import Address
from cli.unanswered import other_than_signalbox
from shared.near_names import meant

_PREFIX: Final = "urn:signalbox:"
_LET_IN: Final = f"pass a function key by --key, or a token of Entra ID: --entra api://CLIENT-ID, or {TOKEN}"
#: By the code of a refusal: where the names are that there are, as what, and by which command a person lists them.
_BRIEF: Final = {"brief": "true"}  # of models; runs have nothing to leave out
_NAMES: Final = {
    "unknown-model": ("/api/models", "models", "model", "signalbox models"),
    "unknown-run": ("/api/runs", "runs", "run", "signalbox run list"),
}


def refused(app: Address, client: httpx.Client, answer: httpx.Response) -> CommandError:
    """Why the app, or the platform in front of it, said no."""
    problem = _problem(answer)
    if problem is None:
        return _platform(app, answer)
    code = str(problem.get("type", "")).removeprefix(_PREFIX) or f"http-{answer.status_code}"
    detail = str(problem["detail"])
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return CommandError(code, detail, _LET_IN)
    if answer.status_code == httpx.codes.FORBIDDEN:
        return CommandError(code, detail, "whoever runs the app gives roles in Entra ID; docs/orders.md lists them")
    if code in _NAMES and "did you mean" not in detail.lower():
        return CommandError(code, detail.partition(" `GET /api")[0], _meant(client, answer.request, _NAMES[code]))
    return CommandError(code, detail, _trace_of(problem) if answer.is_server_error else "")


def _problem(answer: httpx.Response) -> dict[str, Any] | None:
    """An answer that says what is wrong as Signalbox does (RFC 9457)."""
    try:
        problem = answer.json()
    except ValueError:
        return None
    return problem if isinstance(problem, dict) and isinstance(problem.get("detail"), str) else None


def _platform(app: Address, answer: httpx.Response) -> CommandError:
    """What Functions, App Service or a stranger says in the app's place."""
    status = answer.status_code
    if status == httpx.codes.UNAUTHORIZED:
        return CommandError("unknown-caller", f"the app at {app.url} does not know who asks", _LET_IN)
    if status == httpx.codes.FORBIDDEN:
        told = f"the platform in front of {app.url} lets nobody in (403)"
        return CommandError("not-allowed", told, "is the app stopped, or are there rules for who may connect?")
    if answer.is_redirect:
        if encrypted := _same_by_https(app, answer):
            told = f"{app.url} sends whoever asks to the same address over https"
            return CommandError("not-encrypted", told, f"did you mean --app {encrypted}?")
        return CommandError("unknown-caller", f"{app.url} sends whoever asks to a login page", _LET_IN)
    if answer.is_server_error:
        told = f"the app at {app.url} answered {status}: {answer.text[:200].strip() or answer.reason_phrase}"
        return CommandError(f"http-{status}", told, "its log tells more; of a local stack: .signalbox/logs/host.log")
    return other_than_signalbox(app, f"{status} for {answer.request.url.path}")


def _same_by_https(app: Address, answer: httpx.Response) -> str | None:
    """The app's URL with https, where that is all that a redirect says; `None` where it leads elsewhere."""
    asked = answer.request.url
    try:
        there = asked.join(answer.headers.get("location", ""))
    except httpx.InvalidURL:
        return None
    same = (there.host, there.path) == (asked.host, asked.path)
    if asked.scheme != "http" or there.scheme != "https" or not same:
        return None
    return str(httpx.URL(app.url).copy_with(scheme="https", port=there.port)).rstrip("/")


def _meant(client: httpx.Client, request: httpx.Request, names: tuple[str, str, str, str]) -> str:
    """The name that was probably meant, of those that the app knows."""
    path, key, name, command = names
    asked = unquote(request.url.path.removeprefix(path).strip("/").partition("/")[0])
    try:
        known = [str(row[name]) for row in client.get(path, params=_BRIEF).raise_for_status().json()[key]]
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return f"{command} lists them"
    found = meant(asked, known)
    if not known:
        return f"there is no {name} yet"
    return f"did you mean `{found}`?" if found else f"{command} lists those that there are"


def _trace_of(problem: dict[str, Any]) -> str:
    found = problem.get("correlation_id") or problem.get("trace_id")
    return f"signalbox trace {found} shows what happened" if found else "the app's log tells more"
