"""Who may knock: the auth level that each HTTP function really has in the app."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_only_the_signed_webhook_is_anonymous() -> None:
    """MLflow cannot send a function key, and its signature is checked; everything else needs a key on Azure."""
    code = (
        "import json, function_app\n"
        "levels = {}\n"
        "for function in function_app.app.get_functions():\n"
        "    for binding in function.get_bindings():\n"
        "        if binding.type == 'httpTrigger':\n"
        "            levels[function.get_function_name()] = str(binding.auth_level.value).upper()\n"
        "print(json.dumps(levels))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    levels: dict[str, str] = json.loads(done.stdout)
    assert levels.pop("mlflow_webhook") == "ANONYMOUS"
    assert len(levels) >= 6
    assert set(levels.values()) == {"FUNCTION"}
