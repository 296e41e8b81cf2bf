"""A small, safe language for what a recipe computes: no evaluation of code, types known before any data is read."""

from shared.conditioning.expressions.expression import Expression, parse
from shared.conditioning.expressions.functions import FUNCTIONS, Function, functions_markdown
from shared.conditioning.expressions.values import VALUE_TYPES, ExpressionError, ValueType

__all__ = [
    "FUNCTIONS",
    "VALUE_TYPES",
    "Expression",
    "ExpressionError",
    "Function",
    "ValueType",
    "functions_markdown",
    "parse",
]
