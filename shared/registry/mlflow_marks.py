"""How MLflow's registries mark the champion: by alias, by stage, or by both."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from shared.names import ARCHIVED, CHAMPION, PRODUCTION
from shared.registry import mlflow_versions
from shared.registry.mlflow_flavors import Flavor

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

#: MLflow's word for a version that is in no stage.
_NO_STAGE: Final = "None"


def champion(client: "MlflowClient", flavor: Flavor, model: str) -> str | None:
    """The version that is champion: by its alias, or by its stage where there are no aliases."""
    if not flavor.aliases:
        return _in_production(mlflow_versions.search(client, flavor, model))
    version = client.get_registered_model(model).aliases.get(CHAMPION)
    return None if version is None else str(version)


def aliases(
    client: "MlflowClient", flavor: Flavor, model: str, versions: "list[ModelVersion]"
) -> Mapping[str, tuple[str, ...]]:
    """Aliases by version. Where there are none, what is in production is said to be champion, for it is."""
    if not versions:
        return {}
    if flavor.aliases:
        return mlflow_versions.aliases(client, model)
    serving = _in_production(versions)
    return {} if serving is None else {serving: (CHAMPION,)}


def give(client: "MlflowClient", flavor: Flavor, model: str, version: str, *, archive: bool = True) -> None:
    """Alias `champion` and stage Production to a version; whatever was in production is archived, or has no stage."""
    if flavor.aliases:
        client.set_registered_model_alias(model, CHAMPION, version)
    give_stage(client, flavor, model, version, archive=archive)


def give_stage(client: "MlflowClient", flavor: Flavor, model: str, version: str, *, archive: bool = True) -> None:
    """The second half of `give`, which repeats what was done already."""
    if not flavor.stages:
        return
    _to_stage(client, flavor, model, version, PRODUCTION, archive=archive)
    for other in () if archive else mlflow_versions.search(client, flavor, model):
        if serves(other) and str(other.version) != version:
            _to_stage(client, flavor, model, other.version, _NO_STAGE)


def take(client: "MlflowClient", flavor: Flavor, model: str, version: str) -> None:
    """Leave a model without a champion: this version was it, or was to be."""
    if flavor.aliases:
        client.delete_registered_model_alias(model, CHAMPION)
    _to_stage(client, flavor, model, version, ARCHIVED)


def take_from_all(client: "MlflowClient", flavor: Flavor, model: str) -> str | None:
    """Leave a model without a champion; the version that was it.

    The alias goes last: an attempt after a broken one still knows which version it was. So does the stage of the
    champion where it is all that there is.
    """
    versions = mlflow_versions.search(client, flavor, model)
    serving = champion(client, flavor, model) if versions else None
    for version in sorted(versions, key=lambda one: str(one.version) == serving):
        if serves(version):
            _to_stage(client, flavor, model, version.version, ARCHIVED)
    if serving is not None and flavor.aliases:
        client.delete_registered_model_alias(model, CHAMPION)
    return serving


def serves(version: "ModelVersion") -> bool:
    """Whether a version is in production."""
    return bool(version.current_stage == PRODUCTION)


def _in_production(versions: "list[ModelVersion]") -> str | None:
    """Signalbox leaves one in production; of several that people have put there, the newest is meant."""
    return next((str(version.version) for version in reversed(versions) if serves(version)), None)


def _to_stage(
    client: "MlflowClient", flavor: Flavor, model: str, version: str, stage: str, *, archive: bool = False
) -> None:
    """Move a version to a stage; with `archive`, what was there before it is archived by the same call."""
    if not flavor.stages:
        return
    # MLflow calls stages deprecated, but people and tools still look at them. The filter is set again at each call and
    # never taken back, since `catch_warnings` is not safe in threads; MLflow blames its caller, which is this module.
    warnings.filterwarnings(
        "ignore", message=r".*transition_model_version_stage.* is deprecated", category=FutureWarning, module=__name__
    )
    client.transition_model_version_stage(model, version, stage, archive_existing_versions=archive)
