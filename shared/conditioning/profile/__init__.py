"""What the values of a table look like, column by column: measured piece by piece, in any order, in little memory."""

from shared.conditioning.profile.profile import Profile

__all__ = ["Profile"]
