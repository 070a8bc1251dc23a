"""Every text that is marked for translation, in code and in templates, as makemessages would find it, without gettext.

A template is first turned into something like Python by Django, as makemessages does it, and the calls are read there.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation.template import templatize

ROOMS = (
    "accounts",
    "api",
    "core",
    "development",
    "exports",
    "imports",
    "inbox",
    "microblog_project",
    "notifications",
    "operations",
    "posts",
    "tasks",
)
# How many of a call's first arguments are texts: the context, if it has one, the singular, the plural.
CALLS = {"gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "_": 1, "pgettext": 2, "pgettext_lazy": 2}
CALLS |= {"ngettext": 2, "ngettext_lazy": 2, "npgettext": 3, "npgettext_lazy": 3}
TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"(?<!\w)(n?p?gettext|_)\(({TEXT}(?:, {TEXT})*)", re.DOTALL)

Key = tuple[str, str]
"""A text's context, if any, and the text."""


def marked_texts() -> dict[Key, str]:
    """Return the texts, each with the file in which it stands."""
    base = Path(settings.BASE_DIR)
    found = {}
    for path in [*base.glob("templates/**/*.*"), *(file for room in ROOMS for file in base.glob(f"{room}/**/*.py"))]:
        calls = calls_in_code if path.suffix == ".py" else calls_in_template
        for name, texts in calls(path.read_text(encoding="utf-8")):
            found[key_of(name, texts)] = str(path.relative_to(base))
    return found


def calls_in_code(code: str) -> Iterator[tuple[str, list[str]]]:
    """Return the calls of gettext and its relatives."""
    for node in ast.walk(ast.parse(code)):
        name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in CALLS:
            arguments = node.args[: CALLS[name]]
            texts = [argument.value for argument in arguments if isinstance(argument, ast.Constant)]
            if len(texts) == CALLS[name]:
                yield name, [str(text) for text in texts]


def calls_in_template(template: str) -> Iterator[tuple[str, list[str]]]:
    """Return the same of a template."""
    for call in CALL.finditer(templatize(template)):
        yield call[1], [str(ast.literal_eval(text)) for text in re.findall(TEXT, call[2], re.DOTALL)]


def key_of(name: str, texts: list[str]) -> Key:
    """Return a text as a catalogue knows it: by its context and its singular."""
    return (texts[0], texts[1]) if "p" in name.partition("gettext")[0] else ("", texts[0])
