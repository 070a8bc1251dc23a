"""Search in SQLite: an FTS5 table beside each table, which triggers keep, holding words and no texts."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from posts.search.query import Term
from posts.search.table import Table
from posts.search.tokenizer import search_words

INDEX, NEW_INDEX, POSITION = "{name}_words", "{name}_words_new", "{name}_words_position"
CREATE = """
CREATE VIRTUAL TABLE {index}
  USING fts5(words, content='', columnsize=0, detail=none, tokenize="ascii tokenchars '#_'")
"""
FILL = "INSERT INTO {index} (rowid, words) SELECT id, {text} FROM {name}"
ADD = "INSERT INTO {index} (rowid, words) VALUES (new.id, {new});"
# As bytes: a column can hold invalid text, and deleting such a row or its author must work, too.
WORDS = "search_words(CAST(({text}) AS BLOB))"
# A contentless FTS5 table needs the old words to delete them.
FORGET = "INSERT INTO {index} ({index}, rowid, words) VALUES ('delete', old.id, {old});"
TRIGGERS = {
    "inserted": f"AFTER INSERT ON {{name}} WHEN new.id {{reached}} BEGIN {ADD} END",
    "deleted": f"AFTER DELETE ON {{name}} WHEN old.id {{reached}} BEGIN {FORGET} END",
    "updated": f"AFTER UPDATE OF {{columns}} ON {{name}} WHEN {{old}} <> {{new}} AND old.id {{reached}} "
    f"BEGIN {FORGET} {ADD} END",
}
ANY = "IS NOT NULL"
AFTER_REMOVAL: list[str] = []

BATCH = 500
"""Rows indexed in one transaction of a rebuild: about 20 ms, during which no other process can write."""
NEXT = "SELECT max(id), count(*) FROM (SELECT id FROM {name} WHERE id > {after} ORDER BY id LIMIT {count})"
IS_REBUILT_IN_TRANSACTIONS = True


def prepare(connection: BaseDatabaseWrapper) -> None:
    """Define the SQL function that the triggers call on a new connection."""
    connection.connection.create_function("search_words", 1, _words_of_bytes, deterministic=True)


def installation(table: Table) -> list[str]:
    """Return the statements that create a table's index of all rows, and the triggers that update it."""
    return [_sql(CREATE, table), _sql(FILL, table), *_triggers(table)]


def removal(table: Table) -> list[str]:
    """Return the statements that undo the installation."""
    return [*_removal(table, NEW_INDEX), _sql(f"DROP TABLE IF EXISTS {POSITION}", table), *_removal(table)]


def rebuild(cursor: CursorWrapper, table: Table, after: int) -> tuple[int | None, int]:
    """Add the next rows after the id `after` to a second index; return the last one's id, and their number.

    After the last rows (None) the second index replaces the first. Until then its triggers update the part that exists.
    Begin with 0; call it in the transaction that saves the returned position.
    """
    if not after:
        remove_unfinished(cursor, table)
        start = (CREATE, f"CREATE TABLE {POSITION} AS SELECT 0 AS id")
        reached = _sql(f"<= (SELECT id FROM {POSITION})", table)  # noqa: S608 - the name is ours
        _execute(cursor, [*(_sql(one, table, NEW_INDEX) for one in start), *_triggers(table, NEW_INDEX, reached)])
    cursor.execute(_sql(NEXT, table, after=after, count=BATCH))
    last, count = cursor.fetchone()
    if count:
        batch = f"{FILL} WHERE id > {after:d} AND id <= {last:d}"
        position = f"UPDATE {POSITION} SET id = {last:d}"  # noqa: S608 - all of it is ours
        _execute(cursor, [_sql(batch, table, NEW_INDEX), _sql(position, table)])
    if count == BATCH:
        return last, count
    _replace(cursor, table)
    return None, count


def remove_unfinished(cursor: CursorWrapper, table: Table) -> None:
    """Remove the second index of an unfinished rebuild, if any."""
    _execute(cursor, [*_removal(table, NEW_INDEX), _sql(f"DROP TABLE IF EXISTS {POSITION}", table)])


def _replace(cursor: CursorWrapper, table: Table) -> None:
    """Replace the first index by the second."""
    triggers = _trigger_removal(table, NEW_INDEX)
    rename = _sql(f"ALTER TABLE {NEW_INDEX} RENAME TO {INDEX}", table)
    position = _sql(f"DROP TABLE {POSITION}", table)
    _execute(cursor, [*triggers, position, *_removal(table), rename, *_triggers(table)])


def _triggers(table: Table, index: str = INDEX, reached: str = ANY) -> list[str]:
    """Return the statements that create the triggers of an index, for the ids that it has reached."""
    triggers = [f"CREATE TRIGGER {{index}}_{kind} {body}" for kind, body in TRIGGERS.items()]
    return [_sql(trigger, table, index, reached=reached) for trigger in triggers]


def _removal(table: Table, index: str = INDEX) -> list[str]:
    return [*_trigger_removal(table, index), _sql("DROP TABLE IF EXISTS {index}", table, index)]


def _trigger_removal(table: Table, index: str) -> list[str]:
    return [_sql(f"DROP TRIGGER IF EXISTS {{index}}_{kind}", table, index) for kind in TRIGGERS]


def _sql(statement: str, table: Table, index: str = INDEX, **parts: object) -> str:
    rows = {"text": "", "old": "old.", "new": "new."}
    words = {kind: WORDS.format(text=table.text.format(row=row)) for kind, row in rows.items()}
    columns = ", ".join(table.columns)
    return statement.format(name=table.name, index=index.format(name=table.name), columns=columns, **words, **parts)


def _execute(cursor: CursorWrapper, statements: Iterable[str]) -> None:
    for statement in statements:
        cursor.execute(statement)


def _words_of_bytes(text: bytes | None) -> str:
    return search_words((text or b"").decode(errors="replace"))


def find(
    _connection: BaseDatabaseWrapper, table: Table, terms: Sequence[Term], limit: int
) -> tuple[str, dict[str, Any]]:
    """Return the query for the ids of the newest rows with all terms, and its parameters."""
    words = " ".join(f'"{term.text}"{"*" * term.is_beginning}' for term in terms)
    shown = table.is_shown.format(row=f"{table.name}.")
    # FTS5 reads the rows backwards, and stops at the limit.
    sql = f"""
    SELECT {table.name}.id FROM {table.name}_words JOIN {table.name} ON {table.name}.id = {table.name}_words.rowid
    WHERE {table.name}_words MATCH %(words)s AND {shown} ORDER BY {table.name}_words.rowid DESC LIMIT {limit:d}
    """  # noqa: S608 - all but the parameter is ours
    return sql, {"words": words}
