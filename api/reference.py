"""The OpenAPI document, arranged for its page."""

from itertools import groupby
from typing import Any

from api.models import Scope

Document = dict[str, Any]
PROBLEM = "Problem"
"""The schema of every error."""


def reference(document: Document) -> Document:
    """Return the context of the page: the operations by their tag, the schemas, and the scopes."""
    operations = [
        _operation(document, path, method, details)
        for path, methods in document["paths"].items()
        for method, details in methods.items()
    ]
    schemas = document["components"]["schemas"]
    return {
        "groups": [(tag, [*group]) for tag, group in groupby(operations, key=lambda operation: operation["tag"])],
        "schemas": [(name, _fields(document, schema)) for name, schema in schemas.items() if "properties" in schema],
        "scopes": Scope.choices,
    }


def _operation(document: Document, path: str, method: str, details: Document) -> Document:
    body = next(iter(details.get("requestBody", {}).get("content", {}).items()), None)
    answers = [(status, _schema_name(answer)) for status, answer in sorted(details["responses"].items())]
    return {
        "id": details["operationId"],
        "tag": details["tags"][0],
        "method": method.upper(),
        "path": path,
        "summary": details["summary"],
        "description": details.get("description", ""),
        "scope": details["x-scope"],
        "body_type": body[0] if body else "",
        "body": _fields(document, body[1]["schema"]) if body else [],
        "query": [_field(document, field["name"], field["schema"], field["required"]) for field in _query(details)],
        "answers": [(status, name) for status, name in answers if name != PROBLEM],
        "problems": [status for status, name in answers if name == PROBLEM],
    }


def _fields(document: Document, schema: Document) -> list[Document]:
    """Return the name, type and description of each field."""
    schema = document["components"]["schemas"][_name(schema)] if "$ref" in schema else schema
    required = schema.get("required", [])
    return [_field(document, name, field, name in required) for name, field in schema["properties"].items()]


def _query(details: Document) -> list[Document]:
    return [field for field in details["parameters"] if field["in"] == "query"]


def _field(document: Document, name: str, schema: Document, required: bool) -> Document:
    return {
        "name": name,
        "type": _type(document, schema),
        "description": schema.get("description", ""),
        "required": required,
    }


def _schema_name(answer: Document) -> str:
    schemas = [content["schema"] for content in answer.get("content", {}).values()]
    return next((_name(schema) for schema in schemas if "$ref" in schema), "")


def _name(schema: Document) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _type(document: Document, schema: Document) -> str:
    """Return such as "integer", "archive | posts" or "Export | null"."""
    if "$ref" in schema:
        values = document["components"]["schemas"][_name(schema)].get("enum")
        return " | ".join(values) if values else _name(schema)
    if options := schema.get("anyOf"):
        return " | ".join(_type(document, option) for option in options)
    if values := schema.get("enum"):
        return " | ".join(values)
    if "items" in schema:
        return f"[{_type(document, schema['items'])}]"
    return str(schema.get("format") or schema.get("const") or schema.get("type"))
