"""The three registries that MLflow's client talks to, and what each of them lacks."""

from dataclasses import dataclass
from typing import Final

from shared.errors import ConfigurationError

_WORKSPACE: Final = "databricks"
_UNITY_CATALOG: Final = "databricks-uc"
_SHARED: Final = "/Shared/"
#: Databricks does not tell the most that it takes.
_PAGE: Final = 100


@dataclass(frozen=True)
class Flavor:
    """Where the client has to go for a registry, and what that registry knows.

    Attributes:
        registry_uri: For the models.
        tracking_uri: For the runs.
        aliases: Whether a version can have an alias.
        stages: Whether a version can be in a stage.
        experiments: What an experiment's name begins with; Databricks wants a path in the workspace, and the folder
            `/Shared` is there in each.
        page: How many versions are asked for at once.
        catalog: Whether it is Unity Catalog: a model's name has three parts, a search tells no tags, and a version is
            there before its files are.
    """

    registry_uri: str
    tracking_uri: str
    aliases: bool = True
    stages: bool = True
    experiments: str = ""
    page: int = 1000
    catalog: bool = False

    @property
    def databricks(self) -> bool:
        """Whether it is Databricks that answers: it has credentials of its own."""
        return bool(self.experiments)


def flavor_of(uri: str) -> Flavor:
    """What a registry's URI means.

    Args:
        uri: `databricks-uc` or `databricks-uc://PROFILE` for models in Unity Catalog, which has aliases but no stages;
            `databricks` or `databricks://PROFILE` for the older registry of a workspace, which has stages but no
            aliases; anything else is the URL of an MLflow server, which has both.

    Raises:
        ConfigurationError: It begins as one of Databricks' does and is none.
    """
    scheme, separator, profile = uri.partition("://")
    if scheme == _UNITY_CATALOG and bool(separator) == bool(profile):
        tracking = f"{_WORKSPACE}{separator}{profile}"
        return Flavor(uri, tracking, stages=False, experiments=_SHARED, page=_PAGE, catalog=True)
    if scheme == _WORKSPACE and bool(separator) == bool(profile):
        return Flavor(uri, uri, aliases=False, experiments=_SHARED, page=_PAGE)
    if uri.startswith(_WORKSPACE):
        msg = (
            f"SIGNALBOX_REGISTRY_URI={uri!r} is no registry of Databricks: use databricks-uc for models in Unity "
            "Catalog or databricks for those of the workspace, and ://PROFILE after it for another than the default one"
        )
        raise ConfigurationError(msg)
    return Flavor(uri, uri)
