"""Members for tests, and what they have written."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from django.http import HttpRequest
from django.test import Client

from accounts.models import User
from posts.models import Post

FIRST = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
"""The time of the first post."""
PASSWORD = "correct-horse-battery"
_numbers = count(1)


def make_member(username: str = "", **fields: Any) -> User:
    """Return a new member who can sign in with PASSWORD: active, with a verified e-mail address."""
    username = username or f"member{next(_numbers)}"
    fields.setdefault("email", f"{username}@example.com")
    user: User = User.objects.create_user(username=username, password=PASSWORD, **fields)
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def write_posts_for(user: User, count: int) -> None:
    """Write so many posts, a minute apart."""
    Post.objects.bulk_create(
        Post(author=user, body=f"{user.username} {n}", timestamp=FIRST + timedelta(minutes=n)) for n in range(count)
    )


def signed_in_client(user: User) -> Client:
    """Return a client of the member's, as it is after they have typed their password: without its rate limits."""
    client = Client()
    client.force_login(user)
    request = HttpRequest()
    request.session = client.session
    record_authentication(request, user, method="password")
    request.session.save()
    return client


def send_cookie(client: Client, name: str, raw: str) -> None:
    """Have the client send a cookie as it stands in the header, whatever Python's own cookies allow."""
    kept = [f"{cookie.key}={cookie.coded_value}" for cookie in client.cookies.values()]
    client.defaults["HTTP_COOKIE"] = "; ".join([*kept, f"{name}={raw}"])
