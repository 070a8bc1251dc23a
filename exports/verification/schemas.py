"""The published schemas: `static/exports/schemas/`, JSON Schema draft 2020-12; those of older versions in folders."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator, RegexOptions

from exports.formats.archive import SCHEMA_VERSION
from exports.verification.damage import FormatError

SCHEMAS = Path(__file__).parent.parent / "static" / "exports" / "schemas"


def check_document(name: str, document: Any, *, version: int, is_part: bool = False) -> None:
    """Raise FormatError unless the file `name` may hold `document`; a part need not have all entries that it has."""
    validator = _validator(name, version, is_part)
    try:
        error = None if validator.is_valid(document) else next(iter(validator.iter_errors(document)))
    except ValueError as limit:  # such as too deep a nesting
        raise FormatError(f"{name}: it cannot be checked: {limit}") from limit
    if error:
        place = "/".join(map(str, error.instance_path))
        raise FormatError(f"{name}: {place + ': ' if place else ''}{error.message}")


@cache
def _validator(name: str, version: int, is_part: bool) -> Draft202012Validator:
    folder = SCHEMAS if version == SCHEMA_VERSION else SCHEMAS / str(version)
    schema: dict[str, Any] = orjson.loads((folder / name).read_bytes())
    if is_part:
        schema["required"] = []
    return Draft202012Validator(schema, validate_formats=True, pattern_options=RegexOptions(), offline=True)
