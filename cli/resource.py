"""Which resource of Entra ID a command wants a token for: told by `--entra`, read where the credentials are made."""

from contextvars import ContextVar
from typing import Final

#: Empty where no token is wanted.
RESOURCE: Final[ContextVar[str]] = ContextVar("resource", default="")
