"""A version that served before Signalbox knew of it."""

from shared.contracts.base import Contract


class FindAdoptedInput(Contract):
    """Input of `find_adopted`.

    Attributes:
        model: Of the fleet, which it is to be a version of.
        uri: What somebody wrote, see `shared.registry.uris`.
        by: Who wants it.
        register_it: Whether a version of another registered model is registered under the model's name now.
    """

    model: str
    uri: str
    by: str
    register_it: bool = False
    trace: str | None = None


class AdoptedVersion(Contract):
    """Result of `find_adopted`.

    Attributes:
        version: Of the fleet's model; absent where it is another registered model's, and was not registered yet.
        source: `NAME@VERSION` in the registry, as the alias was when it was looked at.
        copied: Whether it was registered under the model's name, being another registered model's.
        artifact_sha256: Over its files.
    """

    model: str
    version: str | None
    source: str
    copied: bool
    artifact_sha256: str | None
