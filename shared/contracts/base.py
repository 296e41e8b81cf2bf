"""The one base of everything that crosses a boundary."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict


def _require_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        msg = f"{at.isoformat()} has no time zone; every time that crosses a boundary is in UTC"
        raise ValueError(msg)
    return at


#: A point in time with its zone. Naive times are refused, since nobody can say what they mean.
Instant = Annotated[datetime, AfterValidator(_require_utc)]


def absent(value: object) -> bool:
    """For `exclude_if`: a field that says nothing stays off the wire, so histories from before it was there replay."""
    return value is None


class Contract(BaseModel):
    """A frozen value that travels as plain JSON.

    Unknown fields are refused, and so are NaN and infinity: a figure that is not known is absent, never NaN.
    The schema is built at first use, so that importing the app stays cheap.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    def to_wire(self) -> dict[str, Any]:
        """The plain JSON value that goes into a durable history."""
        return self.model_dump(mode="json")

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """Read back what `to_wire` wrote.

        Raises:
            pydantic.ValidationError: The value is not of this contract.
        """
        return cls.model_validate(value)
