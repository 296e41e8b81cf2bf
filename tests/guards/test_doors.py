"""Who may knock: the auth level that each HTTP function really has in the app."""

import json
import os
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
WEBHOOKS = ("POST webhooks/mlflow", "POST webhooks/databricks")
#: Every other door; a new one is added here when somebody has thought of who may knock.
DOORS = {
    "GET conditioning", "GET dashboard", "GET dashboard/arrivals", "GET dashboard/datasets",
    "GET dashboard/datasets/{name}/{version}", "GET dashboard/models", "GET dashboard/models/{name}",
    "GET dashboard/models/{name}/chart.svg", "GET dashboard/models/{name}/forecast.svg",
    "GET dashboard/models/{name}/lineage.svg", "GET dashboard/runs", "GET dashboard/runs/{id}",
    "POST datafactory/{operation}", "GET datasets", "GET datasets/{name}/{version}",
    "GET deliveries", "POST events/explain", "GET fleets", "GET status/{id}", "POST jobs/{name}/watch",
    "GET models", "GET models/{name}",
    "GET ledger/anchors", "GET ledger/verify", "GET models/{name}/ledger", "GET models/{name}/ledger/verify",
    "GET models/{name}/why", "POST models/{name}/{order}", "POST orders/{order}", "POST observations/{name}",
    "POST models/{name}/versions/{version}/reproduce", "POST operations/reconcile",
    "GET operations/health", "GET operations/retention", "POST operations/retention",
    "GET operations/retention/{id}", "POST operations/retire", "GET operations/retired", "GET quarantine",
    "GET quarantine/{*path}", "GET runs", "GET runs/{id}", "POST runs/{id}/retry",
    "POST runs/{id}/callback",
    "GET traces/{*id}",
    "GET openapi.json",
}  # fmt: skip


ENTRA = {"SIGNALBOX_AUTHENTICATION": "entra", "WEBSITE_AUTH_ENABLED": "True"}


def _levels(**environment: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ENTRA}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=60, env={**kept, **environment},
    )  # fmt: skip
    levels: dict[str, str] = json.loads(done.stdout)
    return levels


def test_only_signed_webhooks_are_anonymous() -> None:
    """Registries cannot send a function key, and their signature is checked; everything else needs a key on Azure."""
    levels = _levels()
    assert {levels.pop(one) for one in WEBHOOKS} == {"ANONYMOUS"}
    assert set(levels) == DOORS
    assert set(levels.values()) == {"FUNCTION"}


def test_who_has_a_token_needs_no_key() -> None:
    """Behind App Service authentication nobody gets as far as a door without a token of Entra ID."""
    assert set(_levels(**ENTRA).values()) == {"ANONYMOUS"}


def test_without_the_platform_in_front_a_key_is_asked_for() -> None:
    """Otherwise anybody could write the header that says who calls."""
    levels = _levels(SIGNALBOX_AUTHENTICATION="entra")
    assert {level for door, level in levels.items() if door not in WEBHOOKS} == {"FUNCTION"}
