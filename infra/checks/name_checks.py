"""Names of resources within Azure's limits, for environment names of any length."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from infra.checks.evaluated_functions import Unknown
from infra.checks.findings import Finding
from infra.checks.kinds import Limits, Shape, Variants
from infra.checks.planning import Planned
from infra.checks.project import fault_at
from infra.checks.sample_deployments import Plan
from infra.checks.schema_book import Schemas
from infra.checks.value_limits import exceeded

_TABLE = Path(__file__).with_name("name_limits.yaml")


def check_names(plans: Iterable[Plan], schemas: Schemas) -> tuple[Finding, ...]:
    """Findings of rule `name`: a name that Azure would refuse for some environment name, or that cannot be told.

    One for each resource: the first environment name that shows it.
    """
    found: dict[tuple[str, int], Finding] = {}
    for plan in plans:
        for planned in plan.resources:
            for finding in _of_one(planned, plan.environment, schemas):
                found.setdefault((finding.file, finding.line), finding)
    return tuple(sorted(found.values()))


def _of_one(planned: Planned, environment: str, schemas: Schemas) -> Iterator[Finding]:
    resource = planned.resource
    subject = resource.type
    limits = [_limits().get(resource.type.lower(), Limits()), _of_schema(resource.type, schemas)]
    if all(limit == Limits() for limit in limits):
        said = f"no limits of names are known for {resource.type}; write them into {_TABLE.name}"
        yield fault_at(planned.file, resource.type_at, "name", said, subject)
    elif isinstance(planned.name, Unknown) and ".properties." not in planned.name.origin:  # Azure's own name
        said = f"the name of {resource.name} cannot be worked out: it depends on {planned.name.origin}"
        yield fault_at(planned.file, resource.at, "name", said, subject)
    elif isinstance(planned.name, str):
        for problem in dict.fromkeys(p for limit in limits for p in exceeded(planned.name, limit)):
            said = f"{resource.name}: the name {problem} for {resource.type}, where the environment is {environment!r}"
            yield fault_at(planned.file, resource.at, "name", said, subject)


def _of_schema(kind: str, schemas: Schemas) -> Limits:
    schema = schemas.find(kind)
    body = schema.body if schema is not None else None
    if isinstance(body, Variants):  # its name says which variant it is
        return Limits(min_length=1)
    field = body.fields.get("name") if isinstance(body, Shape) else None
    return field.limits if field is not None else Limits()


@cache
def _limits() -> Mapping[str, Limits]:
    """The table, by type in small letters; `pattern` is of the whole name."""
    written = yaml.safe_load(_TABLE.read_text())
    return {
        kind.lower(): Limits(entry["length"][0], entry["length"][1], pattern=rf"\A(?:{entry['pattern']})\Z")
        for kind, entry in written["types"].items()
    }
