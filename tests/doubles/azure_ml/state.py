"""The world in a file, so that a double that runs as a process may be started again."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tests.doubles.azure_ml.assets import Assets
from tests.doubles.azure_ml.jobs import Job, Jobs
from tests.doubles.azure_ml.world import World

#: Where what is being made is found after a start: nobody goes on making it.
_SETTLED: Final = {"Creating": "Succeeded", "Updating": "Succeeded"}


class StateFile:
    """Resources, jobs and uploads, as JSON. All calls under the world's lock."""

    def __init__(self, file: Path, world: World, jobs: Jobs, assets: Assets) -> None:
        self._file = file
        self._world = world
        self._jobs = jobs
        self._assets = assets
        self._saved = ""

    def save(self) -> None:
        """Write what has changed; the file is complete at any moment."""
        text = json.dumps(
            {
                "resources": self._world.resources,
                "jobs": [asdict(job) for job in self._jobs.known.values()],
                "uploads": self._assets.uploads,
            }
        )
        if text == self._saved:
            return
        partial = self._file.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(self._file)
        self._saved = text

    def load(self) -> None:
        """Read what was written; nothing where there is no file."""
        if not self._file.exists():
            return
        state: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        for path, resource in state["resources"].items():
            provisioning = resource.get("properties", {}).get("provisioningState")
            if provisioning == "Deleting":
                continue
            if provisioning in _SETTLED:
                resource["properties"]["provisioningState"] = _SETTLED[provisioning]
            self._world.resources[path] = resource
        self._jobs.known |= {one["name"]: Job(**one) for one in state["jobs"]}
        self._assets.uploads += state["uploads"]
