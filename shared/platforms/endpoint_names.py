"""What Azure ML allows endpoints and deployments to be called."""

import re
from typing import Final

from shared.errors import PermanentError
from shared.names import fitted

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")


def require_endpoint_name(kind: str, name: str) -> None:
    """Refuse a name that Azure ML would refuse, or write in lower case: an endpoint's name is part of its host's.

    Args:
        kind: What it names, for the message: `endpoint` or `deployment`.
        name: The name.

    Raises:
        PermanentError: `InvalidName`.
    """
    if not _NAME.fullmatch(name):
        what = f"{name!r} ({len(name)} characters) is no name for {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
        msg = f"{what}: use 3 to 32 of a-z, 0-9 and -, a letter first and no - last; {fitted(name)!r} would do"
        raise PermanentError("InvalidName", msg)
