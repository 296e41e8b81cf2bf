"""Checks of `infra/` that need no Azure: `python -m infra.checks`, and `make check` with everything else.

Bicep has no compiler that a package index carries, so these stand in for it: the syntax; every property, type and
reference against the real resource schemas; role assignments against the permissions that the code uses; values that
must be what they are; names within their limits; secrets, tags and public access. What they cannot tell is in
`docs/deploy.md`.
"""
