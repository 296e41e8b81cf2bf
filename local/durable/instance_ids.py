"""The ids that orchestration instances may have."""

from local.durable.errors import InvalidIdError

LONGEST_ID = 100


def require_id(instance_id: str) -> None:
    """Refuse here what Azure would refuse: see the rules for instance ids in the Durable Functions documentation.

    Raises:
        InvalidIdError: the id is not allowed.
    """
    forbidden = any(character in "/\\#?" or not character.isprintable() for character in instance_id)
    if not 0 < len(instance_id) <= LONGEST_ID or instance_id.startswith("@") or forbidden:
        raise InvalidIdError(
            f"'{instance_id}' is no instance id: it needs 1 to {LONGEST_ID} printable characters,"
            r" no '@' at the start, and none of / \ # ?"
        )
