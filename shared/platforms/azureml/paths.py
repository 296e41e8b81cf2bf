"""Azure ML's addresses of what lies in the data container, there and back."""

import re
from typing import Final

from shared.errors import PermanentError
from shared.platforms.azureml.connection import Connection

#: `azureml://datastores/NAME/paths/PATH`, or the long form that the service answers.
_DATASTORE_PATH: Final = re.compile(r"^azureml://(?:.*/)?datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)$")


def datastore_uri(connection: Connection, path: str) -> str:
    """Azure ML's address of a folder or a file in the data container."""
    return f"azureml://datastores/{connection.datastore}/paths/{path.lstrip('/')}"


def container_path(connection: Connection, uri: str, what: str) -> str:
    """The path in the data container that an address means, without slashes at its ends.

    Args:
        connection: Knows which datastore the container is.
        uri: Azure ML's address.
        what: Whose address it is, for the message.

    Raises:
        PermanentError: `NotInDataContainer`: it is in another datastore, or not in any.
    """
    match = _DATASTORE_PATH.match(uri)
    if match is None or match["datastore"] != connection.datastore:
        msg = f"{what} is at {uri!r}: Signalbox reads only what is in the datastore {connection.datastore!r}"
        raise PermanentError("NotInDataContainer", msg)
    return match["path"].strip("/")
