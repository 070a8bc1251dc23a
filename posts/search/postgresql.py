"""Search in PostgreSQL: a GIN index on an expression of each table, without an additional column.

The index also holds each row's blocks of ids: a small, a medium and a large one. A search starts with the newest rows
and continues with older ones in a few steps until it has enough. So it finds a frequent word among millions of rows as
fast as among thousands, whatever plan the planner chooses, and a rare word wherever it is.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from posts.search.query import Term
from posts.search.table import Table
from posts.search.tokenizer import ACCENTS, MAX_LENGTH, UNSPACED, VOWELS

BLOCK_SIZES = [14, 17, 20]
"""In bits, from 16,384 ids up. The newest two blocks of each size are one step."""
# The numbers of blocks of different sizes must not overlap.
BLOCKS = ", ".join(f"(id >> {bits}) * {len(BLOCK_SIZES)} + {kind}" for kind, bits in enumerate(BLOCK_SIZES))

# It finds the same words as `posts.search.tokenizer`. Its cost keeps the planner from scanning rows instead.
CREATE_FUNCTION = f"""
CREATE OR REPLACE FUNCTION search_words(written text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100000 AS $$
DECLARE
  folded text := replace(normalize(regexp_replace(normalize(
    lower(written COLLATE "und-x-icu"), NFD), '[{ACCENTS}]+', '', 'g'), NFC), E'\\u03c2', E'\\u03c3');
  words text := folded;
  tags text := '';
  pair text := '([{UNSPACED}]{{1,2}})';
BEGIN
  IF folded ~ pair THEN -- every second pair, and then the others: those without the first character of each run
    words := regexp_replace(folded, pair, ' \\1 ', 'g') || ' ' ||
      regexp_replace(regexp_replace(folded, '(^|[^{UNSPACED}])[{UNSPACED}]', '\\1 ', 'g'), pair, ' \\1 ', 'g');
  END IF;
  IF folded LIKE '%#%' THEN
    tags := regexp_replace(folded, '[^[:alnum:]_#{VOWELS}]+' COLLATE "und-x-icu", ' ', 'g');
  END IF;
  RETURN array_to_tsvector(ARRAY(
    SELECT left(word, {MAX_LENGTH}) FROM unnest(string_to_array(
      regexp_replace(words, '[^[:alnum:]_{VOWELS}]+' COLLATE "und-x-icu", ' ', 'g') || ' ' || tags, ' '
    )) word WHERE word <> ''
  ));
END $$
"""  # noqa: S608 - all of it is ours
IS_REBUILT_IN_TRANSACTIONS = False
AFTER_REMOVAL = ["DROP FUNCTION IF EXISTS search_words(text)"]

# The blocks come first: with them the index finds where in its lists of rows to start with the words.
# Up to 512 kB of new rows wait outside the index and are scanned: both writes and searches stay fast.
INDEX = """
CREATE INDEX {name}_words ON {name} USING gin ((ARRAY[{blocks}]), search_words({text}))
WITH (gin_pending_list_limit = 512)
"""


def prepare(_connection: BaseDatabaseWrapper) -> None:
    """Do nothing: the database has the function."""


def installation(table: Table) -> list[str]:
    """Return the statements that create a table's index; ANALYZE collects the statistics of its expressions."""
    index = INDEX.format(name=table.name, text=table.text.format(row=""), blocks=BLOCKS)
    return [CREATE_FUNCTION, index, f"ANALYZE {table.name}"]


def removal(table: Table) -> list[str]:
    """Return the statements that undo the installation."""
    return [f"DROP INDEX IF EXISTS {table.name}_words"]


def rebuild(cursor: CursorWrapper, table: Table, _after: int) -> tuple[None, int]:
    """Rebuild a table's index beside the one in use, then replace that; return (None, the number of rows).

    PostgreSQL serves the site meanwhile. Call it outside transactions.
    """
    cursor.execute(f"SELECT count(*) FROM {table.name}")  # noqa: S608 - the name is ours
    count = cursor.fetchone()[0]
    remove_unfinished(cursor, table)
    cursor.execute(f"REINDEX INDEX CONCURRENTLY {table.name}_words")
    return None, count


def remove_unfinished(cursor: CursorWrapper, table: Table) -> None:
    """Remove the second index of an unfinished rebuild, if any."""
    cursor.execute(f"DROP INDEX IF EXISTS {table.name}_words_ccnew")


def find(
    connection: BaseDatabaseWrapper, table: Table, terms: Sequence[Term], limit: int
) -> tuple[str, dict[str, Any]]:
    """Return the query for the ids of the newest rows with all terms, and its parameters."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table.name}")  # noqa: S608 - the name is ours
        newest = cursor.fetchone()[0]
    words = " & ".join(f"'{term.text}'{':*' * term.is_beginning}" for term in terms)
    steps = [_step(table, limit, condition) for condition in _steps(newest)]
    # PostgreSQL runs a step only if those before it have not found enough.
    sql = f"SELECT id FROM ({' UNION ALL '.join(steps)}) steps LIMIT {limit:d}"  # noqa: S608 - all of it is ours
    return sql, {"words": words}


def _steps(newest: int) -> Iterator[str]:
    """Yield conditions that partition the ids, the newest first."""
    end = newest + 1
    for kind, bits in enumerate(BLOCK_SIZES):
        last = newest >> bits
        blocks = ", ".join(str(block * len(BLOCK_SIZES) + kind) for block in (last - 1, last))
        yield f"ARRAY[{BLOCKS}] && ARRAY[{blocks}]::bigint[] AND id + 0 < {end}"
        end = (last - 1) << bits
        if end <= 0:
            return
    yield f"id + 0 < {end}"


def _step(table: Table, limit: int, condition: str) -> str:
    # "+ 0" keeps the planner from scanning the primary key, where it would read most rows for nothing.
    shown, text = table.is_shown.format(row="found."), table.text.format(row="found.")
    return f"""
    (SELECT id FROM {table.name} found WHERE search_words({text}) @@ %(words)s::tsquery AND {condition} AND {shown}
     ORDER BY id + 0 DESC LIMIT {limit:d})
    """  # noqa: S608 - all but the parameter is ours
