"""What people are told outside of Signalbox: one message, whatever the channel makes of it."""

from typing import Final, Literal, get_args

from pydantic import Field

from shared.contracts.base import Contract, absent

#: How a channel wants its messages: as Teams' Workflows take them, as Slack does, as plain JSON, or as CloudEvents.
ChannelKind = Literal["teams", "slack", "webhook", "eventgrid"]

CHANNEL_KINDS: Final[tuple[ChannelKind, ...]] = get_args(ChannelKind)


class Fact(Contract):
    """One line of a message: `MAPE` and `12.3 % (at most 45 %)`."""

    title: str
    value: str


class Message(Contract):
    """What is told.

    Attributes:
        key: The same for the same message: one that was sent is not sent again.
        kind: What it is about: `approval` asks somebody, `digest` only tells.
        title: One line.
        text: A few sentences, plain.
        facts: In the order in which a person wants them.
        link: The page that tells more; absent where the app has no public address.
        chart: A picture of the figures; likewise.
        commands: What a person can type to answer.
    """

    key: str
    kind: Literal["approval", "digest"]
    title: str
    text: str
    facts: tuple[Fact, ...] = ()
    link: str | None = None
    chart: str | None = Field(default=None, exclude_if=absent)  # messages of before are as sent
    commands: tuple[str, ...] = ()
