"""The timeline: posts of the reader and of members they follow, at about the same cost for any number of them.

One statement searches in two ways (docs/decisions/0014 says why, and what they cost):

- *recent*: the next WINDOW posts of all members. That is enough if the reader follows many or busy members.
- *nearest*, only if that was not enough: each followed member's next post by the index, then as many posts as a page
  needs of the members with the nearest ones. That is for readers who follow quiet members.
"""

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import QueryDict

from accounts.models import User
from core import pagination
from core.pagination import Page, Step, page_by
from posts.models import Post

WINDOW = 2_000

# The next posts of one author. SQLite has no LATERAL.
NEXT_OF_AUTHOR = {
    "postgresql": """
        CROSS JOIN LATERAL (
            SELECT id, timestamp FROM posts_post WHERE author_id = {author} AND {beyond} {order} LIMIT {count}
        ) AS {name}""",
    "sqlite": """
        CROSS JOIN posts_post AS {name} ON {name}.id IN (
            SELECT id FROM posts_post WHERE author_id = {author} AND {beyond} {order} LIMIT {count}
        )""",
}
TIMELINE = """
    WITH closed AS (
        SELECT id FROM accounts_user WHERE NOT is_active
    ), recent AS (
        SELECT id FROM (SELECT id, author_id, timestamp FROM posts_post WHERE {beyond} {order} LIMIT {window}) AS post
        WHERE (author_id = %s
            OR EXISTS (SELECT 1 FROM accounts_follow WHERE followed_id = post.author_id AND follower_id = %s))
            AND author_id NOT IN (SELECT id FROM closed)
        {order} LIMIT {limit}
    ), member AS (
        SELECT %s AS id WHERE (SELECT count(*) FROM recent) < {limit}
        UNION ALL
        SELECT followed_id FROM accounts_follow WHERE follower_id = %s AND (SELECT count(*) FROM recent) < {limit}
            AND followed_id NOT IN (SELECT id FROM closed)
    ), nearest AS (
        SELECT few.id FROM (
            SELECT member.id FROM member {next_one}
            ORDER BY one.timestamp {direction}, one.id {direction} LIMIT {limit}
        ) AS author {next_few} ORDER BY few.timestamp {direction}, few.id {direction} LIMIT {limit}
    )
    SELECT id FROM recent UNION ALL SELECT id FROM nearest
"""


def timeline_page(reader: User, query: QueryDict) -> Page[Post]:
    """Return the requested page of the reader's timeline.

    Raises BadRequest for a malformed position.
    """
    return page_by(lambda step: timeline_posts(reader, step), query)


def timeline_posts(reader: User, step: Step) -> QuerySet[Post]:
    """Return the posts beyond a position in the reader's timeline, as many as a page needs, the nearest first."""
    values = {
        "beyond": "TRUE",
        "limit": pagination.PAGE_SIZE + 1,
        "window": WINDOW,
        "direction": "ASC" if step.is_to_newer else "DESC",
    }
    position: list[object] = []
    if step.position:
        moment, post_id = step.position
        position = [connection.ops.adapt_datetimefield_value(moment), post_id]
        values["beyond"] = f"(timestamp, id) {'>' if step.is_to_newer else '<'} (%s, %s)"
    values["order"] = "ORDER BY timestamp {direction}, id {direction}".format(**values)
    next_of_author = NEXT_OF_AUTHOR[connection.vendor]
    values["next_one"] = next_of_author.format(name="one", author="member.id", count=1, **values)
    values["next_few"] = next_of_author.format(name="few", author="author.id", count=values["limit"], **values)
    parameters = [*position, *[reader.pk] * 4, *position * 2]
    ids = RawSQL(TIMELINE.format(**values), parameters)  # noqa: S611 - what is put in is ours
    sign = "" if step.is_to_newer else "-"
    return Post.objects.filter(pk__in=ids).with_authors().order_by(f"{sign}timestamp", f"{sign}pk")
