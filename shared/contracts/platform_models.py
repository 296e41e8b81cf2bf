"""Models as the platform that serves them knows them."""

from shared.contracts.base import Contract


class PlatformModel(Contract):
    """A version of a model on the platform.

    Attributes:
        path: Where its files are, in the platform's own words.
        tags: What was said of it when it was made known.
    """

    model: str
    version: str
    path: str
    tags: dict[str, str] = {}
