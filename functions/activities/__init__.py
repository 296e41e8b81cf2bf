"""One effect each, idempotent by a key in the input."""
