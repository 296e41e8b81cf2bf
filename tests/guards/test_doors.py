"""Who may knock: the auth level that each HTTP function really has in the app."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


CODE = """
import json, function_app
doors = {}
for function in function_app.app.get_functions():
    for binding in function.get_bindings():
        if binding.type == 'httpTrigger':
            for method in binding.methods:
                door = f'{method.value} {binding.route}'
                assert door not in doors, f'{door} leads to two functions'
                doors[door] = str(binding.auth_level.value).upper()
print(json.dumps(doors))
"""
WEBHOOK = "POST webhooks/mlflow"
#: Every other door; a new one is added here when somebody has thought of who may knock.
DOORS = {
    "GET conditioning", "POST datafactory/{operation}", "GET datasets", "GET datasets/{name}/{version}",
    "GET deliveries", "GET fleets", "GET status/{id}", "POST jobs/{name}/watch", "GET models", "GET models/{name}",
    "GET ledger/anchors", "GET ledger/verify", "GET models/{name}/ledger", "GET models/{name}/ledger/verify",
    "GET models/{name}/why", "POST models/{name}/{order}", "POST orders/{order}", "POST observations/{name}",
    "POST models/{name}/versions/{version}/reproduce", "POST operations/reconcile",
    "GET operations/retention", "POST operations/retention",
    "GET operations/retention/{id}", "POST operations/retire", "GET operations/retired", "GET quarantine",
    "GET quarantine/{*path}", "GET runs", "GET runs/{id}", "POST runs/{id}/retry",
}  # fmt: skip


def test_only_the_signed_webhook_is_anonymous() -> None:
    """MLflow cannot send a function key, and its signature is checked; everything else needs a key on Azure."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    levels: dict[str, str] = json.loads(done.stdout)
    assert levels.pop(WEBHOOK) == "ANONYMOUS"
    assert set(levels) == DOORS
    assert set(levels.values()) == {"FUNCTION"}
