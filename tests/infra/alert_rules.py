"""The alerts of `infra/modules/alerts.bicep`, as they would be judged."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from infra.checks.bicep.declarations import Parameter, Resource
from infra.checks.bicep.tree import Call, Expression, Items, Member, Name, Number, Property, Record, Text
from infra.workbook.engine import Answer
from tests.infra.bicep_values import INFRA, parsed

FILE: Final = INFRA / "modules" / "alerts.bicep"
#: Alerts that ask no query: their symbols, and what comes behind the prefix of their names.
_OTHERS: Final = ("Microsoft.Insights/metricAlerts", "Microsoft.Insights/activityLogAlerts")


@dataclass(frozen=True)
class Rule:
    """A scheduled query rule.

    Attributes:
        query: The file that it loads.
        measure: Column of the answer that is held against the threshold.
        dimension: Column whose values are told apart; empty for none.
    """

    name: str
    title: str
    query: Path
    measure: str
    aggregation: str
    dimension: str
    operator: str
    threshold: int
    severity: int
    window: str
    frequency: str

    def fires(self, answer: Answer) -> bool:
        """Whether the alert is on, as Azure Monitor aggregates an answer; each dimension by itself."""
        groups: dict[Any, list[float]] = {}
        for row in answer.records:
            groups.setdefault(row.get(self.dimension), []).append(float(row[self.measure]))
        whole = [sum(values) if self.aggregation == "Total" else max(values) for values in groups.values()]
        return any(self._crossed(value) for value in whole)

    def _crossed(self, value: float) -> bool:
        return value > self.threshold if self.operator == "GreaterThan" else value < self.threshold


@cache
def rules() -> dict[str, Rule]:
    """The rules by their names, with the defaults of thresholds."""
    variable = parsed(FILE).variable("rules")
    assert variable is not None
    assert isinstance(variable.value, Items)
    found = [Rule(**_record(one)) for one in variable.value.items]
    return {rule.name: rule for rule in found}


def other_alerts() -> set[str]:
    """Names of the alerts that ask no query of ours, without the prefix."""
    resources = [one for one in parsed(FILE).of(Resource) if one.type in _OTHERS]
    return {_suffix(one.body.get("name")) for one in resources}


def descriptions() -> list[str]:
    """Each alert's description; what is put into it stands in braces, by the last of its names."""
    bodies = [one.body.get("properties") for one in parsed(FILE).of(Resource)]
    told = [one.get("description") for one in bodies if isinstance(one, Record)]
    return ["".join(_part(part) for part in one.parts) for one in told if isinstance(one, Text)]


def parameters() -> dict[str, Parameter]:
    """The module's parameters."""
    return {one.name: one for one in parsed(FILE).of(Parameter)}


def _record(entry: Expression) -> dict[str, Any]:
    assert isinstance(entry, Record)
    return {str(one.key): _value(one) for one in entry.properties}


def _value(entry: Property) -> Any:
    match entry.value:
        case Text() as text:
            return text.literal
        case Number(value=number):
            return number
        case Call(name="loadTextContent", arguments=[Text() as path]):
            return (FILE.parent / str(path.literal)).resolve()
        case Name(name=name):
            default = parameters()[name].default
            assert isinstance(default, Number)
            return default.value
        case other:
            raise AssertionError(f"{entry.key} is {other}: a test reads texts, numbers and parameters")


def _part(part: str | Expression) -> str:
    if isinstance(part, str):
        return part
    assert isinstance(part, Name | Member)
    return f"{{{part.name}}}"


def _suffix(name: Expression | None) -> str:
    assert isinstance(name, Text)
    return str(name.parts[-1]).removeprefix("-")
