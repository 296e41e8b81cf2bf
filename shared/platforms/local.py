"""The local platform: a client of the job and the scoring service that run on a laptop in place of Azure ML.

Their HTTP API is that of `local/services/jobs` and `local/services/scoring`; an error is answered as
`{"error": {"code", "message"}}`. Names and statuses are Azure ML's.
"""

from typing import TYPE_CHECKING

from shared.platforms.local_endpoints import LocalEndpoints
from shared.platforms.local_jobs import LocalJobs
from shared.platforms.local_service import LocalService

if TYPE_CHECKING:
    import httpx


class LocalPlatform(LocalJobs, LocalEndpoints):
    """Jobs and endpoints on a laptop; implements `Platform`. Instances are thread-safe.

    Args:
        jobs_url: The job service.
        scoring_url: The scoring service.
        data_container: The container that paths of folder inputs are in; the job service knows it as a datastore.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self, jobs_url: str, scoring_url: str, data_container: str, transport: "httpx.BaseTransport | None" = None
    ) -> None:
        jobs = LocalService("job service", jobs_url, transport)
        scoring = LocalService("scoring service", scoring_url, transport)
        LocalJobs.__init__(self, jobs, data_container)
        LocalEndpoints.__init__(self, scoring, jobs)

    def close(self) -> None:
        """Close the connections to both services; the next call opens new ones."""
        self._jobs.close()
        self._scoring.close()
