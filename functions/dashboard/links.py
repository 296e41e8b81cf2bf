"""Addresses within the page, which go on with the function key that it was opened by.

With function keys, a browser can bring the key only in the query, and only where every link repeats it: there is no
header and no cookie that the Functions host would look at. So it is in the address of a link and never in its text, and
`Referrer-Policy: no-referrer` keeps it from whatever is linked to elsewhere. With Entra ID there is no key.
"""

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, urlencode, urlsplit

_ROOM: Final = "/dashboard"
_DEFAULT: Final = "/api"


@dataclass(frozen=True)
class Links:
    """Makes the addresses.

    Attributes:
        prefix: What comes before `/dashboard` in the path: `/api`, unless somebody in front of the app has another.
        code: The function key; empty where the page was opened without one.
        origin: Scheme and host of the app, as it was asked.
    """

    prefix: str = _DEFAULT
    code: str = ""
    origin: str = ""

    @classmethod
    def of(cls, url: str, code: str) -> Self:
        """Those of a request, by its URL."""
        parts = urlsplit(url)
        before, found, _ = parts.path.partition(_ROOM)
        return cls(before if found else _DEFAULT, code, f"{parts.scheme}://{parts.netloc}" if parts.netloc else "")

    def to(self, *parts: str, **query: str) -> str:
        """An address: `to("models", name)`; empty values of the query are left out."""
        path = "".join(f"/{quote(part, safe='')}" for part in parts)
        asked = {name: value for name, value in query.items() if value} | ({"code": self.code} if self.code else {})
        return f"{self.prefix}{_ROOM}{path}{'?' if asked else ''}{urlencode(asked)}"

    def home(self, **query: str) -> str:
        """The first page."""
        return self.to(**query)

    def model(self, name: str) -> str:
        """A model's page."""
        return self.to("models", name)

    def models(self, **query: str) -> str:
        """The list of models, narrowed."""
        return self.to("models", **query)

    def dataset(self, name: str, version: str) -> str:
        """A dataset version's page."""
        return self.to("datasets", name, version)

    def health(self) -> str:
        """Which parts of the app answer, as JSON: a door of the API beside the page's."""
        code = urlencode({"code": self.code}) if self.code else ""
        return f"{self.prefix}/operations/health{'?' if code else ''}{code}"

    def run(self, instance: str) -> str:
        """A run's page: of a fleet, or of any orchestration."""
        return self.to("runs", instance)
