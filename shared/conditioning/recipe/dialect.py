"""How a raw file is written: its format, encoding, separators and header."""

import string
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from shared.located_validation import FileModel
from shared.located_yaml import kind

Format = Literal["csv", "jsonl", "parquet"]
Encoding = Literal["utf-8", "utf-16", "latin-1"]

#: What people write for a tab; only "\t" in double quotes is one to YAML.
_TABS: Final = ("tab", "TAB", r"\t", "tabs")
#: One byte in every encoding, and no part of a number, a word or a line's end.
_SEPARATORS: Final = frozenset(string.punctuation) - frozenset("\"'.-+_\\") | {"\t"}
_QUOTES: Final = frozenset(string.punctuation)


def _header(value: Any) -> Any:
    names = "header: [day, store, units]"
    if value is True:
        return value
    if value is False:
        raise ValueError(f"without a header the columns need names; list all of them in order, such as `{names}`")
    if not isinstance(value, list):
        raise ValueError(  # noqa: TRY004 - pydantic reports only ValueError
            f"`header` is true, or the columns' names in order, not {kind(value)}; write `{names}`"
        )
    if not value:
        raise ValueError(f"`header` is empty; list the columns' names in order, such as `{names}`")
    for number, name in enumerate(value, start=1):
        if not isinstance(name, str) or not name.strip():
            what = "empty" if isinstance(name, str) else kind(name)
            raise ValueError(f"item {number} of `header` must be a name, not {what}; write a text, in quotes")
    twice = next((name for name in value if value.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"`header` names `{twice}` twice; let the names differ, also those that are not read")
    return value


Header = Annotated[
    bool | list[str],
    BeforeValidator(_header),
    WithJsonSchema(
        {"anyOf": [{"const": True}, {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}]}
    ),
]


class Dialect(FileModel):
    """What a reader has to know of a raw file. gzip is recognized by its first bytes and needs no key."""

    format: Format = Field(
        default="csv", description="CSV, JSON Lines or Parquet; CSV unless said otherwise.", examples=["format: csv"]
    )
    encoding: Encoding = Field(
        default="utf-8",
        description="Of CSV and JSON Lines. A byte order mark is cut off; that of UTF-16 says the order of its bytes, "
        "and without one it is little-endian.",
        examples=["encoding: latin-1"],
    )
    delimiter: str = Field(
        default=",",
        description='What separates values: one character, such as ; or | or a tab ("\\t"). Of CSV.',
        examples=['delimiter: ";"'],
        json_schema_extra={"maxLength": 1, "minLength": 1},
    )
    quote: str = Field(
        default='"',
        description="One character, doubled inside a quoted value; `none` when quotes mean nothing. Of CSV.",
        examples=["quote: none"],
        json_schema_extra={"pattern": "^(.|none)$"},
    )
    header: Header = Field(
        default=True,
        description="Whether the first record names the columns; a list names all of them where the file does not. "
        "Of CSV.",
        examples=["header: [day, store, units]"],
    )
    max_record: int = Field(
        default=1 << 20,
        ge=64,
        le=64 << 20,
        description="Bytes that one record may have; a longer one is rejected, so that memory stays bounded. Of CSV "
        "and JSON Lines.",
        examples=["max_record: 1048576"],
    )

    @field_validator("delimiter")
    @classmethod
    def _separates(cls, text: str) -> str:
        if text in _TABS:
            raise ValueError(f'`{text}` is text to YAML; write a tab as "\\t", in double quotes')
        if text not in _SEPARATORS:
            raise ValueError(f'`{text}` cannot separate values; use one character, such as , or ; or a tab ("\\t")')
        return text

    @field_validator("quote")
    @classmethod
    def _quotes(cls, text: str) -> str:
        if text != "none" and text not in _QUOTES:
            raise ValueError(f"`{text}` cannot quote values; use one character, such as ', or `none`")
        return text
