"""Everything that is wrong with a recipe beyond its single values."""

from shared.conditioning.recipe.column_checks import check_columns, check_dialect
from shared.conditioning.recipe.draft import Draft, Fault
from shared.conditioning.recipe.rule_checks import check_rules
from shared.conditioning.recipe.step_checks import check_steps, read_stages


def draft_faults(draft: Draft) -> list[Fault]:
    """What is wrong with the well-formed parts of a recipe, each at its place. Files are not looked at."""
    stages, faults = read_stages(draft)
    return [
        *check_dialect(draft),
        *check_columns(draft),
        *faults,
        *check_rules(draft, stages),
        *check_steps(draft, stages),
    ]
