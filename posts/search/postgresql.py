r"""Search in PostgreSQL: a GIN index on an expression of each table, which stores no column more.

The index has a second column, the rows' ids in blocks. With it a search begins among the newest rows and goes on to
older ones in steps, each of which is the larger the rarer the words are, until it has enough. A frequent word is found
as fast among millions of rows as among thousands, whatever the planner thinks of it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from posts.search.query import Term
from posts.search.table import Table
from posts.search.words import ACCENTS, MAX_LENGTH, UNSPACED, VOWELS

BLOCK_BITS = 14  # 16,384 ids
STEPS = [2, 8, 32, 128]
"""How many of the newest blocks are searched with each step; after the last one, all."""

# The same words as those of `posts.search.words`. The costs keep the planner from ever reading rows instead.
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
AFTER_REMOVAL = ["DROP FUNCTION IF EXISTS search_words(text)"]

# Until 512 kB are pending, what is written is not yet in the index, and read as it is: a write is fast, a search too.
INDEX = """
CREATE INDEX {name}_words ON {name} USING gin (search_words({text}), (ARRAY[id >> {bits}]))
WITH (gin_pending_list_limit = 512)
"""


def prepare(_connection: BaseDatabaseWrapper) -> None:
    """Do nothing: the function is in the database."""


def installation(table: Table) -> list[str]:
    """Return the statements that make a table's index; ANALYZE tells the planner of its expressions."""
    index = INDEX.format(name=table.name, text=table.text.format(row=""), bits=BLOCK_BITS)
    return [index, f"ANALYZE {table.name}"]


def removal(table: Table) -> list[str]:
    """Return the statements that undo the installation."""
    return [f"DROP INDEX IF EXISTS {table.name}_words"]


def find(
    connection: BaseDatabaseWrapper, table: Table, terms: Sequence[Term], limit: int
) -> tuple[str, dict[str, Any]]:
    """Return the query for the ids of the newest rows with all terms, and its parameters."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table.name}")  # noqa: S608 - the name is ours
        newest = cursor.fetchone()[0] >> BLOCK_BITS
    words = " & ".join(f"'{term.text}'{':*' * term.is_beginning}" for term in terms)
    steps = [_step(table, limit, condition) for condition in _windows(newest)]
    # A step is taken only if those before it have not found enough.
    sql = f"SELECT id FROM ({' UNION ALL '.join(steps)}) steps LIMIT {limit:d}"  # noqa: S608 - all of it is ours
    return sql, {"words": words}


def _windows(newest: int) -> Iterator[str]:
    """Yield conditions that part the ids, the newest first."""
    end = newest
    for step in STEPS:
        begin = max(newest - step, -1)
        blocks = ", ".join(str(block) for block in range(begin + 1, end + 1))
        yield f"ARRAY[id >> {BLOCK_BITS}] && ARRAY[{blocks}]::bigint[]"
        if begin < 0:
            return
        end = begin
    yield f"id + 0 < {(end + 1) << BLOCK_BITS}"


def _step(table: Table, limit: int, condition: str) -> str:
    # "+ 0" keeps the planner from walking through the primary key instead, where it would read most rows in vain.
    shown, text = table.is_shown.format(row="found."), table.text.format(row="found.")
    return f"""
    (SELECT id FROM {table.name} found WHERE search_words({text}) @@ %(words)s::tsquery AND {condition} AND {shown}
     ORDER BY id + 0 DESC LIMIT {limit:d})
    """  # noqa: S608 - all but the parameter is ours
