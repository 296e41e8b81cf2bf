"""Where a callback may go. Its address comes from whoever calls, so it is held against a list before anything is sent.

Without the list, anybody who may begin a run could have the app call what only the app can reach (SSRF).
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from shared.errors import PermanentError

#: The data planes that Data Factory and Synapse hand out addresses of; some regions use the second port.
PUBLIC_HOSTS: Final = "*.svc.datafactory.azure.com, *.svc.datafactory.azure.com:4443, *.dev.azuresynapse.net"
#: Addresses of Data Factory have some 600 characters.
LONGEST: Final = 4096

_HTTPS: Final = 443
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_LONGEST_NAME: Final = 253
_PRINTABLE: Final = re.compile(r"[!-\[\]-~]+")
#: Azure's own services on every virtual machine answer on a public address.
_PLATFORM: Final = frozenset({IPv4Address("168.63.129.16")})
#: IPv6 networks whose addresses hold one of IPv4: the well-known prefix of NAT64.
_NAT64: Final = IPv6Network("64:ff9b::/96")


class CallbackHosts(NamedTuple):
    """Where callbacks may go.

    Attributes:
        names: Host and port; a host that begins with `*.` stands for any one label there.
        origins: Scheme, host and port that are trusted as they are, whatever address they have.
    """

    names: tuple[tuple[str, int], ...]
    origins: tuple[tuple[str, str, int], ...]


class CallbackTarget(NamedTuple):
    """A callback's address in parts.

    Attributes:
        scheme: `https`, or what a trusted origin has.
        host: In lower case.
        port: Also where it is the usual one.
        resource: Path and query: the secret part.
        trusted: Whether the origin is trusted as it is.
    """

    scheme: str
    host: str
    port: int
    resource: str
    trusted: bool

    @property
    def authority(self) -> str:
        """Host and port as a header says them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if (self.scheme, self.port) in {("https", _HTTPS), ("http", 80)} else f"{host}:{self.port}"


def parse_hosts(text: str) -> CallbackHosts:
    """The list as a setting says it: `*.svc.datafactory.azure.com, http://127.0.0.1:8080`.

    Raises:
        ValueError: An entry is neither a host nor an origin; it is named.
    """
    entries = [entry.strip().lower() for entry in text.split(",") if entry.strip()]
    origins = tuple(_origin(entry) for entry in entries if "://" in entry)
    return CallbackHosts(tuple(_name(entry) for entry in entries if "://" not in entry), origins)


def check_uri(uri: str, hosts: CallbackHosts) -> CallbackTarget:
    """The parts of an address that a callback may go to, as far as that can be told without asking anybody.

    Raises:
        PermanentError: `CallbackNotAllowed`; the message has the host at most, since the rest is a secret.
    """
    if len(uri) > LONGEST or not _PRINTABLE.fullmatch(uri):
        raise _refused(f"it is no URI of at most {LONGEST} printable ASCII characters")
    try:
        parts = urlsplit(uri)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise _refused("it is no URI") from error
    if "@" in parts.netloc or parts.fragment or not host:
        raise _refused("it needs a host, and may have neither a user, a password nor a fragment")
    port = port if port is not None else (80 if parts.scheme == "http" else _HTTPS)
    trusted = (parts.scheme, host, port) in hosts.origins
    if not trusted:
        _check_name(parts.scheme, host, port, hosts)
    return CallbackTarget(parts.scheme, host, port, _resource(parts), trusted)


def check_addresses(target: CallbackTarget, addresses: Sequence[str]) -> None:
    """Refuse a host of which any address is one that is not out in the world.

    Raises:
        PermanentError: `CallbackNotAllowed`.
    """
    if not target.trusted and any(not _is_public(address) for address in addresses):
        told = f"the host {target.host} has a private, local or reserved address"
        raise _refused(f"{told}; a host is called at a public address only")


def _is_public(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    return all(_is_global(one) for one in (address, *_embedded(address)))


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and address not in _PLATFORM


def _embedded(address: IPv4Address | IPv6Address) -> Iterable[IPv4Address]:
    """IPv4 addresses that an IPv6 address leads to on some networks."""
    if isinstance(address, IPv4Address):
        return ()
    nat64 = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    found = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()), nat64)
    return (one for one in found if one is not None)


def _check_name(scheme: str, host: str, port: int, hosts: CallbackHosts) -> None:
    if scheme != "https":
        raise _refused("it does not begin with https://")
    if len(host) > _LONGEST_NAME or not _NAME.fullmatch(host):
        raise _refused("its host is no name, as only hosts on the list SIGNALBOX_CALLBACK_HOSTS are called")
    under = f"*.{host.partition('.')[2]}"
    if not {(host, port), (under, port)} & set(hosts.names):
        where = host if port == _HTTPS else f"{host}:{port}"
        raise _refused(f"its host {where} is not on the list; an operator can add it to SIGNALBOX_CALLBACK_HOSTS")


def _resource(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _name(entry: str) -> tuple[str, int]:
    host, colon, port = entry.partition(":")
    name = host.removeprefix("*.")
    if not _NAME.fullmatch(name) or (colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        msg = f"{entry!r} is no host; write dp.example.com, *.example.com, or an origin like http://127.0.0.1:8080"
        raise ValueError(msg)
    return host, int(port) if colon else _HTTPS


def _origin(entry: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(entry)
        port = parts.port
    except ValueError as error:
        msg = f"{entry!r} is no origin: {error}"
        raise ValueError(msg) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or _more(parts):
        msg = f"{entry!r} is no origin; write scheme, host and port only: http://127.0.0.1:8080"
        raise ValueError(msg)
    return parts.scheme, parts.hostname, port or (80 if parts.scheme == "http" else _HTTPS)


def _more(parts: SplitResult) -> bool:
    return parts.path not in ("", "/") or bool(parts.query or parts.fragment) or "*" in parts.netloc


def _refused(why: str) -> PermanentError:
    return PermanentError("CallbackNotAllowed", f"`callBackUri` is refused: {why}.")
