"""From a channel's name in the fleet file to the channel."""

import re
from collections.abc import Mapping
from typing import Final, cast

from shared.contracts.notification import ChannelKind
from shared.errors import ConfigurationError
from shared.notification.base import Channel
from shared.notification.event_grid import topic_channel
from shared.notification.webhook import WebhookChannel

_SETTING: Final = "SIGNALBOX_CHANNEL_"


def channel(name: str, addresses: Mapping[str, str]) -> Channel:
    """The channel of a name.

    Args:
        name: As the fleet file says it: `teams:demand`.
        addresses: By the end of the setting's name, in lower case: `teams_demand`.

    Raises:
        ConfigurationError: No setting has its address, or one that cannot be meant.
    """
    address = addresses.get(_key(name))
    if not address:
        setting = f"{_SETTING}{_key(name).upper()}"
        raise ConfigurationError(f"nobody knows where the channel {name} is; set {setting} to its address")
    kind = cast("ChannelKind", name.partition(":")[0])
    return topic_channel(name, address) if kind == "eventgrid" else WebhookChannel(name, kind, address)


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name)
