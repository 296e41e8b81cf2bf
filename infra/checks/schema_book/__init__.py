"""The schemas of Azure's resource types, from the npm package `@azure/mcp`; offline once it is installed."""

from infra.checks.schema_book.book import InstalledSchemas, Schemas
from infra.checks.schema_book.install import SchemasMissing, ensure_schemas

__all__ = ["InstalledSchemas", "Schemas", "SchemasMissing", "ensure_schemas"]
