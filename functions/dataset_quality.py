"""Whether a dataset version may be published: its own rules, the version before it, and the rows that it must have."""

import json

from functions import adapters
from shared.blocking import run_blocking
from shared.contracts.conditioning import ConditionedFiles, PublishDatasetInput
from shared.contracts.datasets import DatasetRef
from shared.errors import PermanentError


async def check_quality(order: PublishDatasetInput, dataset: DatasetRef) -> None:
    """Refuse a version that breaks a rule of its dataset.

    Raises:
        PermanentError: `QualityFailed`; the message names rule, required and got.
    """
    from shared.conditioning.quality import rejected_fault, rows_fault  # noqa: PLC0415 - only needed here

    quality = adapters.fleet(order.fleet).dataset(order.dataset).quality
    last = await run_blocking(_last_version, order, dataset) if quality.rows_vs_last is not None else None
    faults = [
        rejected_fault(quality.max_rejected, dataset.rows + dataset.rejected, dataset.rejected),
        rows_fault(quality.rows_vs_last, dataset.rows, last.rows if last else None, last.version if last else ""),
        await _completeness_fault(order, quality.complete) if quality.complete is not None else None,
    ]
    broken = [fault for fault in faults if fault is not None]
    if broken:
        told = f"{'; '.join(broken)}. Nothing was published; mend the files, or change `quality` in the fleet file."
        raise PermanentError("QualityFailed", told)


def _last_version(order: PublishDatasetInput, dataset: DatasetRef) -> DatasetRef | None:
    """The version before this one with the same labels, the period aside."""
    period = adapters.fleet(order.fleet).dataset(order.dataset).period
    labels = {label: value for label, value in order.cell.items() if label != period}
    return adapters.dataset_index().newest(order.fleet, order.dataset, labels, dataset.ends)


async def _completeness_fault(order: PublishDatasetInput, file: str) -> str | None:
    from shared.conditioning.quality import Reference  # noqa: PLC0415 - only needed here

    content = await run_blocking(adapters.fleet_file(order.fleet, file).read_bytes)
    reference = Reference(content, file, order.cell)
    source = next((one for one in order.sources if reference.fits(one.columns)), None)
    if source is None:
        return f"complete requires a source with the columns {', '.join(reference.columns)} of {file}, got none"
    parts = ConditionedFiles.from_wire(json.loads(await run_blocking(adapters.data().read, source.path)))
    for part in parts.files:
        await run_blocking(reference.see, await run_blocking(adapters.data().read, part.path))
    return reference.fault
