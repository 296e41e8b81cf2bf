"""Path patterns of blob triggers, ``container/{folder}/{name}.csv``, as the storage extension matches them."""

import re
from dataclasses import dataclass

from local.host.errors import AppLoadError

_PARAMETER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class BlobPath:
    """A pattern ready to match.

    Attributes:
        container: the container's name; it has no parameters.
        pattern: matches a blob's name.
        prefix: what every name that matches begins with.
    """

    container: str
    pattern: re.Pattern[str]
    prefix: str

    def match(self, name: str) -> dict[str, str] | None:
        """The parameters when a blob of this name matches, else None."""
        found = self.pattern.fullmatch(name)
        return found.groupdict() if found else None


def parse_path(text: str, where: str) -> BlobPath:
    """Read a pattern; without a name, any blob of the container matches. Braces that are meant are doubled.

    Raises:
        AppLoadError: the container has a parameter, or a parameter is no name; ``where`` says whose pattern it is.
    """
    container, _, name = text.strip("/").partition("/")
    if "{" in container or not container:
        raise AppLoadError(f"{where}: the path {text!r} must begin with the name of a container")
    name = name or "{name}"
    pattern, position, seen = "", 0, set[str]()
    plain = name.replace("{{", "\0").replace("}}", "\1")
    for found in _PARAMETER.finditer(plain):
        parameter = found[1]
        if not parameter.isidentifier() or parameter in seen:
            raise AppLoadError(f"{where}: {{{parameter}}} in the path {text!r} is no name, or is there twice")
        seen.add(parameter)
        # Greedy, as the extension reads it: in "{a}.{b}", a takes everything up to the last point.
        pattern += _literal(plain[position : found.start()]) + f"(?P<{parameter}>.+)"
        position = found.end()
    pattern += _literal(plain[position:])
    return BlobPath(container.lower(), re.compile(pattern, re.DOTALL), _braces(plain.partition("{")[0]))


def _literal(text: str) -> str:
    return re.escape(_braces(text))


def _braces(text: str) -> str:
    return text.replace("\0", "{").replace("\1", "}")
