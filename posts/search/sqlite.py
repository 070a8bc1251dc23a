"""Search in SQLite: an FTS5 table beside each table, which triggers keep, holding words and no texts."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from posts.search.query import Term
from posts.search.table import Table
from posts.search.tokenizer import search_words

CREATE = """
CREATE VIRTUAL TABLE {name}_words
  USING fts5(words, content='', columnsize=0, detail=none, tokenize="ascii tokenchars '#_'")
"""
FILL = "INSERT INTO {name}_words (rowid, words) SELECT id, {text} FROM {name}"
ADD = "INSERT INTO {name}_words (rowid, words) VALUES (new.id, {new});"
# As bytes: a column can hold what is no text, and such a row is to be deleted, too, and its author.
WORDS = "search_words(CAST(({text}) AS BLOB))"
# Such a table must be told again what it is to forget.
FORGET = "INSERT INTO {name}_words ({name}_words, rowid, words) VALUES ('delete', old.id, {old});"
TRIGGERS = {
    "inserted": f"AFTER INSERT ON {{name}} BEGIN {ADD} END",
    "deleted": f"AFTER DELETE ON {{name}} BEGIN {FORGET} END",
    "updated": f"AFTER UPDATE OF {{columns}} ON {{name}} WHEN {{old}} <> {{new}} BEGIN {FORGET} {ADD} END",
}
BEFORE_INSTALLATION: list[str] = []
AFTER_REMOVAL: list[str] = []


def prepare(connection: BaseDatabaseWrapper) -> None:
    """Teach a new connection what the triggers need."""
    connection.connection.create_function("search_words", 1, _words_of_bytes, deterministic=True)


def installation(table: Table) -> list[str]:
    """Return the statements that make a table's index of what is there, and the triggers that keep it."""
    triggers = [f"CREATE TRIGGER {{name}}_words_{name} {body}" for name, body in TRIGGERS.items()]
    return [_sql(statement, table) for statement in (CREATE, FILL, *triggers)]


def removal(table: Table) -> list[str]:
    """Return the statements that undo the installation."""
    triggers = [f"DROP TRIGGER IF EXISTS {{name}}_words_{name}" for name in TRIGGERS]
    return [_sql(statement, table) for statement in (*triggers, "DROP TABLE IF EXISTS {name}_words")]


def _sql(statement: str, table: Table) -> str:
    rows = {"text": "", "old": "old.", "new": "new."}
    words = {kind: WORDS.format(text=table.text.format(row=row)) for kind, row in rows.items()}
    return statement.format(name=table.name, columns=", ".join(table.columns), **words)


def _words_of_bytes(text: bytes | None) -> str:
    return search_words((text or b"").decode(errors="replace"))


def find(
    _connection: BaseDatabaseWrapper, table: Table, terms: Sequence[Term], limit: int
) -> tuple[str, dict[str, Any]]:
    """Return the query for the ids of the newest rows with all terms, and its parameters."""
    words = " ".join(f'"{term.text}"{"*" * term.is_beginning}' for term in terms)
    shown = table.is_shown.format(row=f"{table.name}.")
    # FTS5 goes backwards through the rows, and no further than is asked for.
    sql = f"""
    SELECT {table.name}.id FROM {table.name}_words JOIN {table.name} ON {table.name}.id = {table.name}_words.rowid
    WHERE {table.name}_words MATCH %(words)s AND {shown} ORDER BY {table.name}_words.rowid DESC LIMIT {limit:d}
    """  # noqa: S608 - all but the parameter is ours
    return sql, {"words": words}
