"""Runs in the engine's own environment: tables and queries from standard input, rows to standard output."""

import json
import sys
from typing import Any

import duckdb_kql  # type: ignore[import-not-found, unused-ignore]  # installed there, not here

_TYPES = {"datetime": "TIMESTAMP", "string": "VARCHAR", "real": "DOUBLE", "int": "INTEGER", "dynamic": "JSON"}


def main() -> None:
    """Fill the tables, then ask."""
    asked = json.load(sys.stdin)
    database = duckdb_kql.connect()
    for table, columns in asked["tables"].items():
        typed = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in columns.items())
        database.execute(f'CREATE TABLE "{table}" ({typed})')
        rows = [[_value(row.get(name)) for name in columns] for row in asked["rows"].get(table, ())]
        if rows:
            places = ", ".join("?" for _ in columns)
            database.executemany(f'INSERT INTO "{table}" VALUES ({places})', rows)  # noqa: S608 - names of our own
    json.dump({name: _answer(database, query) for name, query in asked["queries"].items()}, sys.stdout, default=str)


def _answer(database: Any, query: str) -> dict[str, Any]:
    try:
        found = duckdb_kql.query(database, query)
    except duckdb_kql.KqlError as error:
        return {"columns": [], "rows": [], "problem": f"{type(error).__name__}: {error}"}
    return {"columns": found.columns, "rows": found.fetchall()}


def _value(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


if __name__ == "__main__":
    main()
