"""What every step of every job runs in here: this interpreter, with the packages that are installed for it."""

import hashlib
import platform
from functools import cache
from importlib.metadata import distributions


@cache
def describe_interpreter() -> dict[str, str | int]:
    """`python`: its version; `packages`: how many are installed; `sha256`: over a line `name==version` for each.

    The lines are sorted, with names in lower case. Packages that are installed while the service runs do not count.
    """
    lines = sorted({f"{one.name.lower()}=={one.version}" for one in distributions() if one.name})
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return {"python": platform.python_version(), "packages": len(lines), "sha256": digest}
