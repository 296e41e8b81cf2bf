"""What a recipe's expression is once it has been read and checked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.conditioning.expressions.checker import check, value_type
from shared.conditioning.expressions.parser import parse_tree
from shared.conditioning.expressions.tree import ColumnValue, Operation, Typed
from shared.conditioning.expressions.values import ValueType

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Expression:
    """An expression that fits its columns.

    Attributes:
        text: As it was written.
        type: The type of its value; any value may be null.
        columns: Names of the columns that it reads.
        tree: Its parts with their types.
    """

    text: str
    type: ValueType
    columns: frozenset[str]
    tree: Typed

    def polars(self) -> "pl.Expr":
        """The same for polars: row by row, in the type of the standard table, without a name of its own.

        Raises:
            ExpressionError: A regular expression that Python knows, and polars does not.
        """
        from shared.conditioning.expressions.to_polars import to_polars  # noqa: PLC0415 - polars at first use

        return to_polars(self.tree)


def parse(text: str, columns: Mapping[str, ValueType]) -> Expression:
    """Read and check an expression.

    Args:
        text: Such as `shipped - (returned ?? 0)`; at most 1,000 characters.
        columns: The type of each column that it may name.

    Raises:
        ExpressionError: It has no meaning; the message says where, why, and what would be right.
    """
    tree = check(parse_tree(text), columns)
    return Expression(text, value_type(tree), frozenset(_columns(tree)), tree)


def _columns(node: Typed) -> Iterator[str]:
    if isinstance(node, ColumnValue):
        yield node.name
    if isinstance(node, Operation):
        for argument in node.arguments:
            yield from _columns(argument)
