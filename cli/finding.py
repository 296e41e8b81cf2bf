"""Where the app is that a command means: as it was named, else the stack that runs here."""

import json
import re
import socket
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from cli.failures import MISUSED, CommandError

#: Where a stack listens that was started without other ports.
USUAL: Final = "http://localhost:7071"
#: Of a state folder, in the repository or beside somebody's own fleet file.
_STATE: Final = ".signalbox"
_CHECKOUT: Final = Path(__file__).resolve().parents[1]
_LOOPBACK: Final = ("localhost", "::1")


class Address(NamedTuple):
    """Where an app is.

    Attributes:
        url: Without a slash at its end.
        given: Whether somebody named it; else it was looked for.
    """

    url: str
    given: bool

    @property
    def local(self) -> bool:
        """Whether what is sent there stays on this machine."""
        return is_local(urlsplit(self.url).hostname or "")


def find_app(given: str, folder: Path | None = None) -> Address:
    """The app that a command means.

    Args:
        given: `--app` or `SIGNALBOX_APP`; empty looks for a stack.
        folder: Where a state folder is looked for, here and above; the working directory unless given.

    Raises:
        CommandError: What was given is no URL of an app.
    """
    if given:
        return Address(_checked(given.strip()), given=True)
    ports = _running(folder or Path.cwd()) or _running(_CHECKOUT)
    return Address(f"http://localhost:{ports}" if ports else USUAL, given=False)


def is_local(host: str) -> bool:
    """Whether a host's name is that of this machine."""
    return host in _LOOPBACK or host.startswith("127.")


def _running(folder: Path) -> int | None:
    """The port of the host that was started last, of the nearest state folder with a stack that runs."""
    for above in (folder, *folder.parents):
        state = above / _STATE
        found = [*state.glob("ports.json"), *state.glob("*/ports.json")]  # the demo's states lie within
        for file in sorted(found, key=_started, reverse=True):
            port = _port(file)
            if port is not None and _is_held(file.parent) and _answers(port):
                return port
    return None


def _started(ports: Path) -> float:
    """When its stack was started last; a stack that starts writes its lock."""
    try:
        return (ports.parent / "stack.lock").stat().st_mtime
    except OSError:
        return 0.0


def _is_held(state: Path) -> bool:
    """Whether a stack runs in a folder: it and its services hold the lock, and old ports may be anybody's by now."""
    try:
        with (state / "stack.lock").open("rb") as lock:
            import fcntl  # noqa: PLC0415 - where there is none there is no stack, and apps on Azure can be asked

            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _port(file: Path) -> int | None:
    try:
        port = json.loads(file.read_text())["host"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return port if isinstance(port, int) else None


def _answers(port: int) -> bool:
    """Whether something listens; on this machine that is known at once."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


def _checked(text: str) -> str:
    """A URL as the app's base; what people add by mistake is taken off, or told."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _no_url(text, f"it cannot be read ({error})") from error
    if parts.scheme not in ("http", "https") or not host:
        raise _no_url(text, "it does not begin with http:// or https://")
    if parts.username or parts.password or "code=" in parts.query:
        raise CommandError(
            "key-in-url",
            "the URL of the app has a key or a password in it, which would end in logs",
            "pass a function key by --key, or in SIGNALBOX_KEY",
            exit_code=MISUSED,
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/api')}"


def _no_url(text: str, why: str) -> CommandError:
    bare = text.rpartition("://")[2].lstrip("/")
    scheme = "http" if is_local(bare.partition("/")[0].partition(":")[0]) else "https"
    meant = f"did you mean --app {scheme}://{bare}? " if re.fullmatch(r"[\w.-]+(:\d+)?(/.*)?", bare) else ""
    remedy = f"{meant}A local stack is at {USUAL} as a rule, an app on Azure at https://NAME.azurewebsites.net"
    return CommandError("no-url", f"{text!r} is no URL of an app: {why}", remedy, exit_code=MISUSED)
