"""A platform and a registry that answer at once: what is left is the cost of Signalbox itself."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.contracts.jobs import JobInput, JobState
from shared.contracts.platform_models import PlatformModel
from shared.contracts.registry import RegisteredVersion, VersionNote


class InstantPlatform:
    """Every job has completed when it is submitted, with an evaluation that passes."""

    def __init__(self) -> None:
        self.jobs: set[str] = set()

    def submit_job(
        self,
        name: str,
        pipeline: Path,  # noqa: ARG002 - the protocol's
        experiment: str,  # noqa: ARG002
        inputs: Mapping[str, JobInput],  # noqa: ARG002
        tags: Mapping[str, str],  # noqa: ARG002
    ) -> JobState:
        """Complete it."""
        self.jobs.add(name)
        return JobState(name=name, status="Completed")

    def read_job(self, name: str) -> JobState | None:
        """Completed, if it was submitted."""
        return JobState(name=name, status="Completed") if name in self.jobs else None

    def read_job_file(self, name: str, output: str) -> bytes:  # noqa: ARG002 - the protocol's
        """An evaluation of two rows."""
        return b"actual,prediction,historical_average\n10,10,12\n20,19,12\n"

    def download_job_folder(self, name: str, output: str, target: Path) -> None:  # noqa: ARG002 - the protocol's
        """A model of one file."""
        (target / "MLmodel").touch()

    def register_model(self, model: str, version: str, job: str, output: str, tags: Mapping[str, str]) -> PlatformModel:
        """Known at once."""
        return PlatformModel(model=model, version=version, path=f"{job}/{output}", tags=dict(tags))

    def read_images(self, environments: Sequence[str]) -> tuple[str, ...]:
        """None of them is known."""
        return ("unknown",) * len(environments)


class InstantRegistry:
    """Registers without a server."""

    def __init__(self) -> None:
        self._by_job: dict[tuple[str, str], RegisteredVersion] = {}

    def find_by_job(self, model: str, job: str) -> RegisteredVersion | None:
        """The version that a job made."""
        return self._by_job.get((model, job))

    def register(
        self,
        model: str,
        job: str,
        folder: Path,  # noqa: ARG002 - the protocol's
        tags: Mapping[str, str],  # noqa: ARG002
        metrics: Mapping[str, float],  # noqa: ARG002
    ) -> RegisteredVersion:
        """Number it."""
        number = 1 + sum(known == model for known, _ in self._by_job)
        return self._by_job.setdefault((model, job), RegisteredVersion(model=model, version=str(number)))

    def describe(self, model: str, version: str, note: VersionNote) -> bool:  # noqa: ARG002 - the protocol's
        """Keeps nothing."""
        return False
