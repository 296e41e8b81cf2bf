"""A reader of Bicep: text to tokens to a tree in which every node knows its line and column.

It reads the language that `infra/` is written in: parameters, variables, resources (nested ones too), modules, outputs,
type aliases, user-defined functions and imports. The grammar is that of the Bicep documentation; what it does not know
it refuses with its place, and never skips.
"""

from infra.checks.bicep.parser import parse_bicep
from infra.checks.bicep.tokens import SyntaxFault

__all__ = ["SyntaxFault", "parse_bicep"]
