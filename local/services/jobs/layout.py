"""Where the files of a job lie, below the service's state folder."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from local.services.jobs.definitions import Data

INPUTS_LOG = "_inputs"
"""The name of the log of the download, beside the logs of the steps."""


@dataclass(frozen=True)
class JobFolder:
    """The folder of one job."""

    root: Path

    def remove(self) -> None:
        """Delete what an attempt to submit the job may have left."""
        shutil.rmtree(self.root, ignore_errors=True)

    def code(self, code_hash: str) -> Path:
        """The snapshot of a step's code."""
        return self.root / "code" / code_hash[:16]

    def log(self, name: str) -> Path:
        """The log of a step, over all of its attempts."""
        return self.root / "logs" / f"{name}.log"

    def work(self, step: str, attempt: int) -> Path:
        """What one attempt of a step writes. Attempts do not share it: a dying one cannot disturb the next."""
        return self.root / "steps" / step / str(attempt)

    def output(self, step: str, attempt: int, output: str) -> Path:
        """The file or folder of an output; it has the output's name."""
        return self.work(step, attempt) / "outputs" / output

    def fetched(self, data: Data) -> Path:
        """Where remote data is, or will be."""
        folder = self.root / "inputs" / hashlib.sha256(f"{data.type} {data.path}".encode()).hexdigest()[:16]
        return folder / data.path.rsplit("/", 1)[-1] if data.type == "uri_file" else folder / "data"
