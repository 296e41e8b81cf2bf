"""The real local services, with real storage and a real registry behind them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from shared.contracts.jobs import JobState
from shared.platforms.local import LocalPlatform
from shared.storage.blobs import AzureBlobStore
from tests.shared.platforms.contract.world import CONTAINER, FILES, TRAINED, Left, ended


class LocalWorld:
    """Jobs are run; each waits for its verdict in a file. Implements `World`.

    Args:
        platform: The client of both services.
        jobs_url: The job service.
        scoring_url: The scoring service.
        verdicts: A folder for the verdicts.
    """

    def __init__(self, platform: LocalPlatform, jobs_url: str, scoring_url: str, verdicts: Path) -> None:
        self.platform = platform
        self.jobs_url = jobs_url
        self.scoring_url = scoring_url
        self._verdicts = verdicts

    def verdict(self, job: str) -> str:
        """The file that the step waits for."""
        return str(self._verdicts / job)

    def finish(self, job: str, left: Left = TRAINED) -> JobState:
        """Let the job run to its end."""
        return self._decide(job, "")

    def fail(self, job: str, message: str) -> JobState:
        """Let its step end with the message."""
        return self._decide(job, message)

    def add_batch_endpoint(self, endpoint: str, deployment: str, model: str, version: str) -> None:
        """Ask the job service itself: on either platform a batch endpoint is there before Signalbox uses it."""
        url = f"{self.jobs_url}/batch-endpoints/{endpoint}/deployments/{deployment}"
        httpx.put(url, json={"model": f"azureml:{model}:{version}"}, trust_env=False).raise_for_status()

    def _decide(self, job: str, verdict: str) -> JobState:
        draft = self._verdicts / f"{job}.draft"
        draft.write_text(verdict)
        draft.rename(self._verdicts / job)
        return ended(self.platform, job)


@contextmanager
def local_world(storage: str, jobs_url: str, scoring_url: str, verdicts: Path) -> Iterator[LocalWorld]:
    """A world over running services."""
    for name, content in FILES.items():
        AzureBlobStore(storage, CONTAINER).write(name, content)
    with closing(LocalPlatform(jobs_url, scoring_url, CONTAINER)) as platform:
        yield LocalWorld(platform, jobs_url, scoring_url, verdicts)
