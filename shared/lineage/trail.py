"""The way from raw files to a model version, as its ledger and its dataset's manifest tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.contracts.ledger import LedgerRow
from shared.lineage.production import of_version

#: What a registration says of where a version came from; see `VersionOrigin`.
_ORIGIN: Final = (
    "artifact_sha256", "git_commit", "platform", "environments", "images", "manifest", "manifest_sha256",
)  # fmt: skip
#: Effects that say what the gates said of a version; the first one also where it came from.
JUDGED: Final = ("ModelRegistered", "VersionEvaluated")
#: Effects by which a version begins or ends to serve, and who agreed.
_SERVING: Final = frozenset({
    "Approved", "Refused", "ApprovalExpired", "VersionPromoted", "ProductionDeployed", "TrafficShifted", "RouteSet",
    "PredictionsPublished", "ModelReleased", "ModelAdopted", "ReleaseFailed",
})  # fmt: skip


def registration(version: str, rows: Sequence[LedgerRow]) -> LedgerRow | None:
    """The row that says how a version came to be, or else how one of somebody else was judged; the last such one."""
    of_version = [row for row in reversed(rows) if str(row.entry.facts.get("version")) == version]
    return next((row for effect in JUDGED for row in of_version if row.entry.effect == effect), None)


def known_versions(rows: Sequence[LedgerRow]) -> list[str]:
    """The versions of which a ledger says how they came to be, or what the gates said of them; oldest first."""
    told = [row.entry.facts.get("version") for row in rows if row.entry.effect in JUDGED]
    return list(dict.fromkeys(str(one) for one in told if one is not None))


def is_known(version: str, rows: Sequence[LedgerRow]) -> bool:
    """Whether a ledger says anything of a version."""
    return bool(of_version(version, rows))


@dataclass(frozen=True)
class NamedManifest:
    """A dataset version's manifest, as a row of a ledger names it.

    Attributes:
        path: Its blob, in the data container.
        sha256: Of its bytes.
        row: The row's number.
    """

    path: str
    sha256: str
    row: int


def manifest_of(version: str, rows: Sequence[LedgerRow]) -> NamedManifest | None:
    """The manifest of the dataset version that a version was trained on; `None` where the ledger does not name it."""
    row = registration(version, rows)
    if row is None:
        return None
    path, sha256 = (_origin(row).get(name) for name in ("manifest", "manifest_sha256"))
    known = isinstance(path, str) and isinstance(sha256, str)
    return NamedManifest(str(path), str(sha256), row.sequence) if known else None


def trail(version: str, rows: Sequence[LedgerRow], manifest: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Where a version came from, and how it came to serve.

    Args:
        version: Of the model.
        rows: Its ledger, oldest first.
        manifest: Of its dataset version, where it can be read.

    Returns:
        `version`; `row` of the registration; `dataset`, `fleet_revision`, `job`, `run`, `pipeline`, `baseline`,
        `gates`, `evaluation` as that says them, and all that `VersionOrigin` has; `serving`: the steps of the releases
        of this version; `raw`: the raw files of the dataset version, each with `source`, `path`, `url`, `version`
        (the blob's, `None` where none is known), `etag`, `size`, `sha256` and `recipe_sha256`. What is not known is
        `None`.
    """
    row = registration(version, rows)
    facts = row.entry.facts if row else {}
    started = next((one for one in rows if row and one.entry.by == row.entry.by), None)
    named = ("dataset", "fleet_revision", "job", "run", "baseline", "gates", "evaluation")
    origin = _origin(row) if row else {}
    return {
        "version": version,
        "row": row.sequence if row else None,
        "registered_at": row.entry.at.isoformat() if row else None,
        **{name: facts.get(name) for name in named},
        "pipeline": started.entry.facts.get("pipeline") if started else None,
        **{name: origin.get(name) for name in _ORIGIN},
        "serving": [
            _step(one)
            for one in of_version(version, rows)
            if one.entry.effect in _SERVING and str(one.entry.facts.get("version")) == version
        ],
        "raw": _raw(manifest) if manifest is not None else None,
    }


def _step(row: LedgerRow) -> dict[str, Any]:
    entry = row.entry
    return {"row": row.sequence, "at": entry.at.isoformat(), "effect": entry.effect, "reason": entry.reason}


def _raw(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "source": source["source"],
            "path": file["raw"]["path"],
            "url": file["raw"].get("url"),
            "version": file["raw"].get("version"),
            "etag": file["raw"]["etag"],
            "size": file["raw"]["size"],
            "sha256": file["raw_sha256"],
            "recipe_sha256": source["recipe_sha256"],
        }
        for source in manifest.get("sources", ())
        for file in source.get("files", ())
    ]


def _origin(row: LedgerRow) -> Mapping[str, Any]:
    origin = row.entry.facts.get("origin")
    return origin if isinstance(origin, Mapping) else {}
