"""An expression as a tree: first as it is written, then with the type of every part."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from shared.conditioning.expressions.values import ValueType

type Value = int | float | str | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Written:
    """A value that stands in the expression itself; `None` is the word null."""

    value: Value
    position: int
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Name:
    """A column's name."""

    name: str
    position: int
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function with what it is applied to.

    Attributes:
        name: The function's name, or the operator's: `+`, `and`, `in`, `is null`, `negate`.
        arguments: In the order of the text.
        position: Where the operator or the name stands.
        depth: Levels of the tree.
        grouped: Whether parentheses are around it.
    """

    name: str
    arguments: tuple["Node", ...]
    position: int
    depth: int
    grouped: bool = False


type Node = Written | Name | Call


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is the same for all rows; its type is `null` until something says what kind of value is missing."""

    type: ValueType | Literal["null"]
    value: Value
    position: int


@dataclass(frozen=True, slots=True)
class ColumnValue:
    """The row's value of a column."""

    type: ValueType
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or function whose arguments fit it; `to_number` makes a number of an integer."""

    type: ValueType | Literal["null"]
    name: str
    arguments: tuple["Typed", ...]
    position: int


type Typed = Constant | ColumnValue | Operation
