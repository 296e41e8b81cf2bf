"""Whether what a file has given may be used."""

from collections.abc import Mapping
from typing import Final

from shared.conditioning.engine.counts import reconcile
from shared.conditioning.recipe.schema import Recipe
from shared.contracts.conditioning import Counted
from shared.errors import PermanentError

#: Reasons that a message names.
_SHOWN: Final = 5


def check_file(counts: Counted, recipe: Recipe, file: str, quarantine: str | None) -> None:
    """Refuse a file of which too little is left.

    Args:
        counts: What became of its rows.
        recipe: What it says about how many may be rejected.
        file: Its path, for messages.
        quarantine: Where its rejected rows are.

    Raises:
        PermanentError: `CountsDoNotReconcile`, `NoRows`, `NothingAccepted`, `TooManyRejected` or `RuleFailed`.
    """
    reconcile(counts.to_wire(), file)
    if not counts.rows_in:
        raise PermanentError("NoRows", f"{file} has a header but no rows; deliver it again with its rows")
    if counts.rejected == counts.rows_in:
        what = f"{file}: all {counts.rows_in} rows were rejected ({_listed(counts.reasons)})"
        raise PermanentError("NothingAccepted", f"{what}. Compare it with its recipe.{_look(quarantine)}")
    _check_share(counts, recipe, file, quarantine)
    if counts.failed:
        raise PermanentError("RuleFailed", f"{file}: rules that must hold are broken ({_listed(counts.failed)}).")


def check_table(
    counts: Counted, recipe: Recipe, source: str, findings: Mapping[str, str], quarantine: str | None
) -> None:
    """Refuse the table of all files of a source.

    Args:
        counts: What became of the rows of all files.
        recipe: What it says about how many may be rejected.
        source: Its name, for messages.
        findings: What is wrong with the first row that breaks a rule of the whole table, by rule.
        quarantine: Where the rows are that these rules rejected.

    Raises:
        PermanentError: `CountsDoNotReconcile`, `TooManyRejected` or `RuleFailed`.
    """
    reconcile(counts.to_wire(), source)
    _check_share(counts, recipe, source, quarantine)
    if counts.failed:
        said = "; ".join(f"{rule}: {findings[rule]}" for rule in sorted(counts.failed) if rule in findings)
        what = f"{source}: rules that must hold are broken ({_listed(counts.failed)})"
        raise PermanentError("RuleFailed", f"{what}: {said}" if said else f"{what}.")


def _check_share(counts: Counted, recipe: Recipe, what: str, quarantine: str | None) -> None:
    if recipe.max_rejected is None or counts.rejected <= recipe.max_rejected * counts.rows_in:
        return
    share = f"{counts.rejected} of {counts.rows_in} rows ({counts.rejected / counts.rows_in:.3%})"
    told = f"{share} were rejected ({_listed(counts.reasons)}), and the recipe allows {recipe.max_rejected:.3%}"
    raise PermanentError("TooManyRejected", f"{what}: {told}.{_look(quarantine)}")


def _look(quarantine: str | None) -> str:
    return f" Look at them: signalbox quarantine show {quarantine}" if quarantine else ""


def _listed(counts: dict[str, int]) -> str:
    most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    more = f", and {len(most) - _SHOWN} more rules" if len(most) > _SHOWN else ""
    return ", ".join(f"{count} x {rule}" for rule, count in most[:_SHOWN]) + more
