"""Accepts jobs: parse, plan, compare with a job of the same name, copy the code, store. All of it or nothing."""

import asyncio
import hashlib
import re
from pathlib import Path

from local.services.jobs.assets import AssetStore
from local.services.jobs.azureml_yaml import Parser
from local.services.jobs.definitions import NAME_PATTERN, Data, Job, JobError, JobRequest, Plan
from local.services.jobs.planning import make_plan
from local.services.jobs.runner import Runner
from local.services.jobs.snapshot import copy_tree
from local.services.jobs.store import JobStore
from shared.contracts.jobs import is_of_same_run, may_adopt


class ConflictError(Exception):
    """A job of this name exists and is another one."""


class Submission:
    """Takes jobs in, one at a time."""

    def __init__(self, parser: Parser, store: JobStore, assets: AssetStore, runner: Runner) -> None:
        self._parser = parser
        self._store = store
        self._assets = assets
        self._runner = runner
        self._one_at_a_time = asyncio.Lock()

    async def submit(self, name: str, request: JobRequest) -> tuple[Job, bool]:
        """The job ``name``, and whether it is new. The same job again changes nothing.

        It is the same when it is of the same run by its tag ``signalbox.instance``, whatever has become of its files
        since; without that tag, when it has the same definition: what would be run, which is the pipeline's and the
        components' YAML, the code, the inputs, the experiment and the tags.

        Raises:
            JobError: the job cannot be run.
            ConflictError: there is another job of this name.
        """
        if not re.fullmatch(NAME_PATTERN, name):
            raise JobError("InvalidName", f"{name!r}: a job's name has 1-200 letters, digits, '_', '.' or '-'")
        async with self._one_at_a_time:
            existing = self._store.find(name)
            if existing is not None and is_of_same_run(request.tags, existing.plan.tags):
                return existing, False
            pipeline = await self._parser.parse(Path(request.pipeline))
            plan = await asyncio.to_thread(make_plan, pipeline, request)
            self._assets.require(plan)
            fingerprint = hashlib.sha256(plan.model_dump_json().encode()).hexdigest()
            if existing is not None:
                same = existing.fingerprint == fingerprint
                if not may_adopt(plan.tags, existing.plan.tags, same_definition=same):
                    raise ConflictError(f"A job with this name already exists and is another one: {name}")
                return existing, False
            await asyncio.to_thread(self._copy_code, name, plan)
            job = self._store.create(name, fingerprint, plan)
            self._runner.submit(job)
            return job, True

    async def data_inputs(self, pipeline: str) -> dict[str, str]:
        """The types of a pipeline's inputs of data, by name.

        Raises:
            JobError: it cannot be read.
        """
        inputs = (await self._parser.parse(Path(pipeline))).inputs
        return {name: value.type for name, value in inputs.items() if isinstance(value, Data)}

    def _copy_code(self, name: str, plan: Plan) -> None:
        files = self._runner.files(name)
        files.remove()
        for step in plan.steps:
            if step.code is not None and step.code_hash is not None:
                copy_tree(Path(step.code), files.code(step.code_hash))
