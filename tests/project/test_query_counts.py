"""The number of queries of each page: it does not grow with the rows that there are to show.

A new page belongs into PAGES, with an address that shows many rows of what it lists; what is no page, into NO_PAGES.
"""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Follow, User
from imports.models import Import
from inbox.services import message_send
from posts.models import Post, PostOrigin
from tasks.models import Task
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client
from tests.security.hostile import routes

# The route of a page -> an address of it; {post} is the id of a post, {upload} of an import, susan the reader, popular
# one whom all follow.
PAGES = {
    "/": "/",
    "/explore/": "/explore/",
    "/search/": "/search/?q=words",
    "/posts/<pk>/": "/posts/{post}/",
    "/user/<username>/": "/user/popular/",
    "/user/<username>/card/": "/user/popular/card/",
    "/user/<username>/followers/": "/user/popular/followers/",
    "/user/<username>/following/": "/user/popular/following/",
    "/accounts/profile/": "/accounts/profile/",
    "/accounts/tokens/": "/accounts/tokens/",
    "/exports/": "/exports/",
    "/imports/": "/imports/",
    "/imports/<pk>/": "/imports/{upload}/",
    "/messages/": "/messages/",
    "/messages/<username>/": "/messages/popular/",
    "/notifications/": "/notifications/?since=0",
    "/accounts/delete/": "/accounts/delete/",
    "/accounts/login/": "/accounts/login/",
    "/accounts/logout/": "/accounts/logout/",
    "/accounts/inactive/": "/accounts/inactive/",
    "/accounts/signup/": "/accounts/signup/",
    "/accounts/reauthenticate/": "/accounts/reauthenticate/",
    "/accounts/email/": "/accounts/email/",
    "/accounts/confirm-email/": "/accounts/confirm-email/",
    "/accounts/confirm-email/<key>/": "/accounts/confirm-email/x/",
    "/accounts/password/change/": "/accounts/password/change/",
    "/accounts/password/set/": "/accounts/password/set/",
    "/accounts/password/reset/": "/accounts/password/reset/",
    "/accounts/password/reset/done/": "/accounts/password/reset/done/",
    "/accounts/password/reset/key/<uidb36>-<key>/": "/accounts/password/reset/key/1-x/",
    "/accounts/password/reset/key/done/": "/accounts/password/reset/key/done/",
    "/accounts/login/code/confirm/": "/accounts/login/code/confirm/",
    "/healthz": "/healthz",
}
# The one's own profile, and what else has more than one look.
MORE_PAGES = ["/user/susan/", "/user/susan/followers/", "/user/susan/following/", "/search/?q=member"]
# Buttons, a file, what machines ask, and what is there in development only. The pages of staff, and what
# programs ask for, have tests of their own.
NO_PAGES = {
    "/metrics",
    "/readyz",
    "/posts/<pk>/remove/",
    "/posts/<pk>/restore/",
    "/user/<username>/follow/",
    "/user/<username>/unfollow/",
    "/exports/<pk>/cancel/",
    "/tasks/<pk>/cancel/",
    "/tasks/<pk>/retry/",
    "/tasks/<name>/start/",
    "/exports/<pk>/retry/",
    "/exports/<pk>/delete/",
    "/exports/<pk>/mail/",
    "/exports/<pk>/download/",
    "/imports/<pk>/confirm/",
    "/imports/<pk>/discard/",
    "/imports/<pk>/undo/",
    "/imports/<pk>/left-out.csv",
    "/notifications/<pk>/dismiss/",
    "/accounts/language/",
    "/accounts/tokens/<pk>/revoke/",
    "/accounts/delete/undo/",
}
FEW, MANY = 2, 20


def test_every_page_is_listed() -> None:
    found = {route for route in routes() if not route.startswith(("/admin/", "/dev/", "/api/"))}
    assert found == PAGES.keys() | NO_PAGES


@pytest.mark.parametrize("visitor", ["signed out", "a member"])
def test_no_page_needs_more_queries_for_more_rows(visitor: str, member: User) -> None:
    client = signed_in_client(member) if visitor == "a member" else Client()
    popular = make_member("popular")
    post = popular.posts.create(body="words")
    upload = import_with_tasks(member)
    addresses = [address.format(post=post.pk, upload=upload.pk) for address in [*PAGES.values(), *MORE_PAGES]]
    fill(member, popular, FEW)
    with_few = {address: count_queries(client, address) for address in addresses}
    fill(member, popular, MANY)
    with_many = {address: count_queries(client, address) for address in addresses}
    assert with_many == with_few


def fill(reader: User, popular: User, number: int) -> None:
    """Add so many of everything that pages show, all of it shown to the reader."""
    others = [make_member() for _ in range(number)]
    pairs = [
        pair for other in others for pair in ((reader, other), (other, reader), (other, popular), (popular, other))
    ]
    Follow.objects.bulk_create(Follow(follower=follower, followed=followed) for follower, followed in pairs)
    body = "words for @{0}, @popular and #all at https://example.com/"
    authors = [author for other in others for author in (reader, popular, other)]
    posts = Post.objects.bulk_create(Post(author=author, body=body.format(author.username)) for author in authors)
    PostOrigin.objects.bulk_create(
        PostOrigin(post=post, author=post.author, source="Mastodon", source_id=str(post.pk), import_id=uuid4())
        for post in posts[::2]
    )
    for other in others:
        message_send(sender=other, recipient=reader, body="unread")
        message_send(sender=popular, recipient=reader, body="one of many")
        archive_of(reader, b"{}")
        import_with_tasks(reader)
        Task.objects.create(user=reader, name="export_archive", description="Exporting", status="failed", error="Why.")


def import_with_tasks(user: User) -> Import:
    """Return an import that has failed twice."""
    upload = Import.objects.create(user=user, filename="archive.zip", size=1)
    for _ in range(2):
        about = {"status": "failed", "error": "Why.", "params": {"import": str(upload.pk)}}
        Task.objects.create(user=user, name="read_import", **about)
    return upload


def count_queries(client: Client, address: str) -> int:
    """Return the number of a page's queries; what only the first look writes (seen, read) is not counted."""
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    assert response.status_code < 500
    return len(queries)
