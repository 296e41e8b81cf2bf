"""``signalbox datasets``: asks a running app for dataset versions, and prints them."""

from dataclasses import asdict
from typing import Any, Final

import httpx

from cli.asking import asking, fetch
from cli.dataset_diff import differences
from cli.dataset_screen import print_differences, print_version, print_versions
from cli.failures import CommandError
from cli.paths import api_path
from cli.printing import print_json
from cli.showing import show_answer
from shared.names import slug
from shared.near_names import did_you_mean

#: Of a version's name before its hash; see `shared.lineage.manifest`.
_PREFIX: Final = 40

type Version = dict[str, Any]


def tell_versions(
    url: str, key: str, name: str | None, fleet: str | None, limit: int, *, every: bool, as_json: bool
) -> int:
    """Print versions; gives the exit code: 1 when there is no such dataset."""
    asked = {"dataset": name, "fleet": fleet, "limit": str(limit), "all": "true" if every else None}

    params = {one: value for one, value in asked.items() if value is not None}
    return show_answer(
        url,
        key,
        lambda client: fetch(client, "GET", "/api/datasets", params=params)["datasets"],
        print_versions,
        as_json=as_json,
    )


def tell_version(url: str, key: str, version: str, *, as_json: bool) -> int:
    """Print all that is known of a version; gives the exit code: 1 when there is none."""
    return show_answer(url, key, lambda client: _find(client, version), print_version, as_json=as_json)


def tell_difference(url: str, key: str, first: str, second: str, *, as_json: bool) -> int:
    """Print how the second version differs from the first; gives the exit code: 1 when there is no such version."""

    def compare(client: httpx.Client) -> int:
        """The exit code."""
        manifests = [_find(client, version)["manifest"] for version in (first, second)]
        found = differences(*manifests)
        if as_json:
            print_json({"a": first, "b": second, "differences": [asdict(one) for one in found]})
        else:
            print_differences(first, second, found)
        return 0

    return asking(url, key, compare)


def _find(client: httpx.Client, version: str) -> Version:
    """A version, of whichever dataset it is: its name begins with that of the dataset."""
    datasets = fetch(client, "GET", "/api/datasets", params={"limit": "1"})["datasets"]
    for name in dict.fromkeys(one["dataset"] for one in datasets):
        if version.startswith(slug(name)[:_PREFIX].rstrip("-")):
            answer = client.get(api_path("datasets", name, version))
            if answer.status_code != httpx.codes.NOT_FOUND:
                found: Version = answer.raise_for_status().json()
                return found
    raise _unknown(client, version)


def _unknown(client: httpx.Client, version: str) -> CommandError:
    try:
        told = fetch(client, "GET", "/api/datasets", params={"limit": "1000", "all": "true"})["datasets"]
        known = [str(one["version"]) for dataset in told for one in dataset["versions"]]
    except httpx.HTTPError:  # what was asked for is not there, whatever else is
        known = []
    remedy = did_you_mean(version, known, "signalbox datasets list --all lists those that there are")
    return CommandError("unknown-version", f"there is no dataset version {version}, or it expired", remedy)
