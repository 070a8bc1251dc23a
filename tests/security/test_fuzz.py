"""No address of the site answers any request with an error of its own: signed out, as a member, as staff.

Each route gets some requests from a seed, the same ones in every run. For more of them, and others:
`FUZZ_ROUNDS=200 FUZZ_SEED=mine .venv/bin/python -m pytest tests/security/test_fuzz.py`.
"""

import os
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from rq import Queue

from accounts.models import Follow, User
from exports.models import Archive
from notifications.models import Notification
from posts.models import Post
from tasks.models import Task
from tasks.services.payloads import task_publish
from tests.environment import IN_CI
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client
from tests.security.headers import missing_headers
from tests.security.hostile import Attacker, HostileRequest, routes

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "2" if IN_CI else "1"))
SEED = os.environ.get("FUZZ_SEED", "microblog")


@pytest.fixture
def site(member: User, stranger: User, redis_queue: Queue, settings: LazySettings) -> dict[str, list[bytes]]:
    """A site with one of everything; returns what stands in the addresses of its pages."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.ROOT_URLCONF = "tests.development.mail_viewer_urls"
    settings.EMAIL_FILE_PATH = str(settings.VAR_DIR / "no-mail")
    post = Post.objects.create(author=member, body="one")
    Follow.objects.create(follower=stranger, followed=member)
    archive = archive_of(member, b'{"posts": []}')
    task_publish(archive.task)
    Task.objects.create(user=member, name="export_archive", description="Exporting", status="failed", error="Why.")
    redis_queue.enqueue_call("time.sleep", args=(0,), job_id=str(archive.task_id))
    rows = [post, member, archive.task, archive, Notification.objects.get(), EmailAddress.objects.all()[0]]
    ids = [str(row.pk).encode() for row in rows]
    return {
        "pk": ids,
        "object_id": ids,
        "id": ids,
        "content_type_id": [str(kind.pk).encode() for kind in ContentType.objects.all()],
        "username": [b"susan", b"SUSAN"],
        "job_id": [str(archive.task_id).encode()],
        "queue_index": [b"0", b"1"],
        "scheduler_index": [b"0", b"1"],
        "connection_index": [b"0", b"1"],
        "app_label": [b"posts", b"exports"],
        "url": [b"posts/post"],
    }


def clients(member: User) -> dict[str, Client]:
    """Return a client of each kind of visitor; staff are of the two kinds that there are."""
    superuser = make_member("root", is_staff=True, is_superuser=True)
    return {
        "signed out": Client(),
        "a member": signed_in_client(member),
        "staff": signed_in_client(make_member("clerk", is_staff=True)),
        "a superuser": signed_in_client(superuser),
    }


@pytest.mark.long
@pytest.mark.parametrize("visitor", ["signed out", "a member", "staff", "a superuser"])
def test_random_requests_cause_no_server_errors(member: User, site: dict[str, list[bytes]], visitor: str) -> None:
    client = clients(member)[visitor]
    # A seed for each route: a new page changes nothing in what the others are asked.
    attackers = {route: Attacker(f"{SEED} {visitor} {route}", site) for route in routes()}
    requests = [attacker.request(route) for route, attacker in attackers.items() for _ in range(ROUNDS)]
    complaints = {wrong: str(request)[:400] for request in requests if (wrong := complaint_about(client, request))}
    assert not complaints
    assert Archive.objects.count() == 1


def complaint_about(client: Client, request: HostileRequest) -> str:
    """Send the request, undo what it did, and return what was wrong with the answer."""
    try:
        with transaction.atomic():
            wrong = fault_of(request.send(copy_of(client)))
            transaction.set_rollback(True)
    except Exception as error:
        wrong = f"{type(error).__name__}: {str(error)[:200]}"
    return wrong


def copy_of(client: Client) -> Client:
    """Return a client with the same cookies, for a single request that may end its session."""
    copy = Client()
    copy.cookies.update(client.cookies)
    return copy


def fault_of(response: Any) -> str:
    """Return what is wrong with an answer; nothing, usually."""
    response.getvalue()  # the test client closes it
    if response.status_code >= 500 and response.request["PATH_INFO"] != "/readyz":  # no worker is there
        return f"status {response.status_code}"
    if not stays_here(response.headers.get("Location", "/")):
        return f"leads to {response['Location'][:100]}"
    missing = missing_headers(response)
    return f"status {response.status_code} without {missing}" if missing else ""


def stays_here(location: str) -> bool:
    """Return whether a browser, to which a backslash is a slash, stays on the site."""
    address = urlsplit(urljoin("http://testserver/", location.replace("\\", "/")))
    return address.scheme == "http" and address.netloc == "testserver"
