"""Holds queries against what the code emits: metrics, attributes, steps and the values that they can have."""

from collections.abc import Iterator, Mapping

from infra.checks.findings import Finding, nearest
from infra.workbook.emitted import VALUES, attributes_of
from infra.workbook.kusto import Analysis, Text, analyse
from infra.workbook.tables import TABLES
from shared.telemetry.names import METRICS, PREFIX


def check_queries(queries: Mapping[str, str]) -> list[Finding]:
    """What is wrong with queries, by the names of their files; in the order of their lines.

    Raises:
        PackagesMissing: The language service is not installed.
    """
    answers = analyse(queries, TABLES)
    return sorted(found for file, answer in answers.items() for found in check_query(file, answer))


def check_query(file: str, query: Analysis) -> Iterator[Finding]:
    """What is wrong with one query, as the language service has read it."""
    for problem in query.problems:
        yield Finding(file, problem.line, problem.column, "kusto", problem.message)
    if not query.tables:
        told = f"it reads none of {', '.join(TABLES)}"
        yield Finding(file, 1, 1, "table", told)
    yield from _values(file, query)
    yield from _attributes(file, query)


def _values(file: str, query: Analysis) -> Iterator[Finding]:
    for one in query.compared:
        if one.text not in VALUES:
            yield _unknown(file, one, "value", f"nothing that the code emits is called {one.text!r}", VALUES)


def _attributes(file: str, query: Analysis) -> Iterator[Finding]:
    """Each metric has attributes of its own, and spans have theirs."""
    metrics = sorted({one.text for one in query.compared} & set(METRICS))
    if "customMetrics" in query.tables and not metrics:
        told = f"it reads customMetrics without a metric's name, which begins with {PREFIX!r}"
        yield Finding(file, 1, 1, "metric", told)
        return
    known = attributes_of(metrics)
    whose = ", ".join(metrics) or "a span"
    for one in query.looked:
        if one.text not in known:
            yield _unknown(file, one, "attribute", f"{whose} has no attribute {one.text!r}", known)


def _unknown(file: str, one: Text, rule: str, told: str, known: frozenset[str]) -> Finding:
    return Finding(file, one.line, one.column, rule, f"{told}{nearest(one.text, known)}")
