"""What a file of `infra/parameters` sets, as variables for azd; `python -m infra.parameters dev --show` tells them.

azd reads `infra/main.parameters.json`, whose values are variables of the environment. Which variable a parameter is
read from is told there; where the environment is and what it is called is the pipeline's to say.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

from shared.settings import APP_ROOT

_INFRA: Final = APP_ROOT / "infra"
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?:=[^}]*)?\}")
#: Told by the pipeline's own variables.
_OF_THE_PIPELINE: Final = frozenset({"environmentName", "location"})


def variables(file: Path) -> dict[str, str]:
    """What a file of parameters sets, by the variable that azd reads each from.

    Raises:
        ValueError: A parameter is read from no variable, so that azd would not hear of it.
    """
    places = {name: _VARIABLE.fullmatch(str(value)) for name, value in _values(_INFRA / "main.parameters.json").items()}
    found = {}
    for name, value in _values(file).items():
        if name in _OF_THE_PIPELINE:
            continue
        place = places.get(name)
        if place is None:
            raise ValueError(f"{file.name}: {name} is read from no variable in infra/main.parameters.json")
        found[place[1]] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def _values(file: Path) -> dict[str, Any]:
    return {name: one["value"] for name, one in json.loads(file.read_text(encoding="utf-8"))["parameters"].items()}
