"""Search in PostgreSQL: a GIN index on an expression of each table, which stores no column more.

The index tells of each row, too, in which blocks of ids it lies: a small, a larger and a large one. So a search begins
among the newest rows, and goes on to older ones in few steps until it has enough: a frequent word is found as fast
among millions of rows as among thousands, whatever the planner thinks of it; a rare one is found wherever it is.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from posts.search.query import Term
from posts.search.table import Table
from posts.search.tokenizer import ACCENTS, MAX_LENGTH, UNSPACED, VOWELS

BLOCK_SIZES = [14, 17, 20]
"""In bits: 16,384 ids and more. The newest two blocks of each size are a step."""
# A size's blocks have numbers of their own.
BLOCKS = ", ".join(f"(id >> {bits}) * {len(BLOCK_SIZES)} + {kind}" for kind, bits in enumerate(BLOCK_SIZES))

# The same words as those of `posts.search.tokenizer`. The costs keep the planner from ever reading rows instead.
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
BEFORE_INSTALLATION = [CREATE_FUNCTION]
IS_REBUILT_IN_TRANSACTIONS = False
AFTER_REMOVAL = ["DROP FUNCTION IF EXISTS search_words(text)"]

# The blocks come first: by them the index finds where in its lists of rows to begin with the words.
# Until 512 kB are pending, what is written is not yet in the index, and read as it is: a write is fast, a search too.
INDEX = """
CREATE INDEX {name}_words ON {name} USING gin ((ARRAY[{blocks}]), search_words({text}))
WITH (gin_pending_list_limit = 512)
"""


def prepare(_connection: BaseDatabaseWrapper) -> None:
    """Do nothing: the function is in the database."""


def installation(table: Table) -> list[str]:
    """Return the statements that make a table's index; ANALYZE tells the planner of its expressions."""
    index = INDEX.format(name=table.name, text=table.text.format(row=""), blocks=BLOCKS)
    return [index, f"ANALYZE {table.name}"]


def removal(table: Table) -> list[str]:
    """Return the statements that undo the installation."""
    return [f"DROP INDEX IF EXISTS {table.name}_words"]


def rebuild(cursor: CursorWrapper, table: Table, _after: int) -> tuple[None, int]:
    """Rebuild a table's index beside the one in use, and put it in its place; return that it is done, and its rows.

    PostgreSQL itself goes on with the site meanwhile. Call it outside transactions.
    """
    cursor.execute(f"SELECT count(*) FROM {table.name}")  # noqa: S608 - the name is ours
    count = cursor.fetchone()[0]
    remove_unfinished(cursor, table)
    cursor.execute(f"REINDEX INDEX CONCURRENTLY {table.name}_words")
    return None, count


def remove_unfinished(cursor: CursorWrapper, table: Table) -> None:
    """Remove the second index, if a rebuild has left one."""
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
    # A step is taken only if those before it have not found enough.
    sql = f"SELECT id FROM ({' UNION ALL '.join(steps)}) steps LIMIT {limit:d}"  # noqa: S608 - all of it is ours
    return sql, {"words": words}


def _steps(newest: int) -> Iterator[str]:
    """Yield conditions that part the ids, the newest first."""
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
    # "+ 0" keeps the planner from walking through the primary key instead, where it would read most rows in vain.
    shown, text = table.is_shown.format(row="found."), table.text.format(row="found.")
    return f"""
    (SELECT id FROM {table.name} found WHERE search_words({text}) @@ %(words)s::tsquery AND {condition} AND {shown}
     ORDER BY id + 0 DESC LIMIT {limit:d})
    """  # noqa: S608 - all but the parameter is ours
