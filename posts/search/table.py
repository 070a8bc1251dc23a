"""The tables that are searched."""

from typing import NamedTuple


class Table(NamedTuple):
    """A table and its searched columns; `{row}` is replaced by the prefix of a column."""

    name: str
    columns: tuple[str, ...]
    text: str
    is_shown: str


POSTS = Table(
    "posts_post",
    ("body",),
    "{row}body",
    "(SELECT is_active FROM accounts_user WHERE accounts_user.id = {row}author_id)",
)
MEMBERS = Table(
    "accounts_user",
    ("username", "about_me"),
    # In a name, an underscore also separates words.
    "{row}username || ' ' || replace({row}username, '_', ' ') || ' ' || {row}about_me",
    "{row}is_active",
)
TABLES = (POSTS, MEMBERS)
