"""An Event Grid topic as a channel: whoever subscribes to it gets the messages as events.

Its address is no secret, since the app is let in by its identity (Microsoft Learn, "Authenticate publishing clients
using Microsoft Entra ID"): the role EventGrid Data Sender on the topic. Not tried on Azure yet.
"""

import re
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from shared.errors import ConfigurationError, PermanentError, TransientError
from shared.notification.webhook import WebhookChannel

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

#: What the app calls as itself on a topic.
PERMISSIONS: Final = ("Microsoft.EventGrid/events/send/action",)
_TOPIC: Final = re.compile(r"[a-z0-9.-]+\.eventgrid\.azure\.(net|us|cn)", re.IGNORECASE)
_SCOPE: Final = "https://eventgrid.azure.net/.default"
_CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"


def topic_channel(name: str, url: str, pause: Callable[[float], None] = time.sleep) -> WebhookChannel:
    """The channel to a topic that takes CloudEvents.

    Args:
        name: As the fleet file says it: `eventgrid:events`.
        url: The topic's endpoint.
        pause: Waits so many seconds between two attempts.

    Raises:
        ConfigurationError: It is no topic of Azure, so that it must not see a token for one.
    """
    if not _TOPIC.fullmatch(urlsplit(url).hostname or ""):
        told = f"the address of the channel {name} is no topic of Event Grid; it looks like"
        raise ConfigurationError(f"{told} https://TOPIC.REGION-1.eventgrid.azure.net/api/events")
    return WebhookChannel(name, "eventgrid", url, pause, headers=lambda: _headers(name))


def _headers(name: str) -> Mapping[str, str]:
    from azure.core.exceptions import AzureError, ClientAuthenticationError  # noqa: PLC0415 - loaded at first use

    try:
        token = _credential().get_token(_SCOPE).token
    except ClientAuthenticationError as error:
        told = f"The channel {name} cannot be used: the app has no identity that Entra ID knows"
        raise PermanentError("ChannelRefused", f"{told}; AZURE_CLIENT_ID names a user-assigned one.") from error
    except AzureError as error:
        raise TransientError(f"Entra ID gives no token for the channel {name} ({type(error).__name__})") from error
    return {"Authorization": f"Bearer {token}", "Content-Type": _CONTENT_TYPE}


@cache
def _credential() -> "DefaultAzureCredential":
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - vendor SDKs are loaded at first use

    return DefaultAzureCredential()
