"""Where published predictions lie, and what is told of them. All calls block, so activities use `run_blocking`."""

from datetime import UTC, datetime

from pydantic import ValidationError

from functions import adapters
from shared.contracts.scoring import Publication
from shared.errors import PermanentError


def read_publication(path: str) -> Publication | None:
    """What is told of a publication; `None` when nothing is, or nothing that can be read."""
    try:
        return Publication.model_validate_json(adapters.data().read(path))
    except ValidationError:
        return None
    except PermanentError as error:
        if error.code == "BlobNotFound":
            return None
        raise


def write_publication(path: str, published: Publication) -> None:
    """Tell of a publication."""
    adapters.data().write(path, published.model_dump_json().encode(), content_type="application/json")


def published_by(model: str, dataset: str, version: str) -> Publication | None:
    """What a version has published for a dataset version: for the present, or else for the latest moment."""
    folder = f"{_folder(model)}{dataset}/"
    told = [arrival.path for arrival in adapters.data().list(folder) if arrival.path.endswith(f"/v{version}.json")]
    found = [one for path in told if (one := read_publication(path)) is not None and one.path is not None]
    return max(found, key=lambda one: (one.as_of is None, one.as_of or datetime.min.replace(tzinfo=UTC)), default=None)


def pointer(model: str) -> str:
    """What readers follow."""
    return f"{_folder(model)}current.json"


def beside(path: str) -> str:
    """Where a CSV's own description lies: the pointer's content, also after it has moved on."""
    return path.removesuffix(".csv") + ".json"


def csv_path(model: str, dataset: str, version: str, as_of: datetime | None) -> str:
    """One per dataset, model version and moment: what is scored again for the same replaces the same."""
    moment = f"as-of-{_compact(as_of)}/" if as_of else ""
    return f"{_folder(model)}{dataset}/{moment}v{version}.csv"


def _folder(model: str) -> str:
    return f"predictions/{model}/"


def _compact(moment: datetime) -> str:
    """`20131007T000000Z`: no character that a file system refuses."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y%m%dT%H%M%S.%fZ" if utc.microsecond else "%Y%m%dT%H%M%SZ")
