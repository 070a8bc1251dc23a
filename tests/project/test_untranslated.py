"""Every page, form, email and file is fully translated in the pseudo-locale.

What this finds is marked for translation nowhere: in a template, a view, a form, or a data-attribute for a script.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from rq import Queue

from accounts.models import Follow, User
from exports.delivery.archive_email import archive_message
from exports.models import Archive
from imports.models import Import, Stage
from imports.reader import Kind
from imports.reasons import Reason as LeftOutReason
from notifications.models import Notification
from posts.models import Post
from tasks.models import Task, TaskStatus
from tasks.models.event import Reason
from tests.alert_states import show_alerts
from tests.exports.archives import archive_of
from tests.members import make_member, signed_in_client
from tests.security.hostile import routes
from tests.visible import plain_english, untranslated

PSEUDO = {"accept-language": "en-xa"}
# Names, and words that are the same in every language. A mail's address is its words.
DATA = {"Microblog", "susan", "stranger", "member", "example", "com", "UTC", "posts", "json"}
SAMPLE = {"body": "1", "written_at": "2020-01-01T00:00:00+00:00"}
LEFT_OUT = dict.fromkeys(LeftOutReason.values, 2)
PREVIEW = {
    "total": 9,
    "new": 9,
    "known": 2,
    "kinds": dict.fromkeys(Kind, 2),
    "years": {"2020": 9},
    "left_out": LEFT_OUT,
    "pictures": 2,
    "first": SAMPLE,
    "last": SAMPLE | {"body": "2"},
    "is_partial": True,
    "extras": {"profile": {"about_me": "1"}, "follows": [1, 2], "elsewhere": ["1"], "elsewhere_count": 1},
}
REPORT = {"imported": 2, "known": 2, "left_out": LEFT_OUT, "extras": {"followed": [1], "profile": {"about_me": 1}}}
"""What a file could hold of everything, without a word."""
TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
# The administration is Django's, and its words for rows and columns are the models' own names.
FOREIGN = ("/admin/", "/healthz", "/readyz", "/metrics")

pytestmark = [pytest.mark.usefixtures("pseudo_locales", "db"), pytest.mark.processes]


@pytest.fixture
def one_of_everything(member: User, stranger: User) -> dict[str, list[object]]:
    """A site with a bit of everything, whose words have no letters; returns what stands in the addresses."""
    for author in (member, stranger):
        post = Post.objects.create(author=author, body="1 2 3")
    Follow.objects.create(follower=stranger, followed=member)
    Follow.objects.create(follower=member, followed=stranger)
    tasks = [archive_of(member, b"{}", task_name=name).task for name in ("export_posts", "export_archive")]
    for status in set(TaskStatus.values) - {TaskStatus.SUCCEEDED}:
        tasks.append(Task.objects.create(user=member, name=f"x{status}", status=status, error="…"))  # noqa: PERF401
    Task.objects.update(description="…")
    Archive.objects.filter(task=tasks[0]).update(mail_error="refused", item_counts={"posts": 1, "skipped": 1})
    show_alerts(member)
    imports = [
        Import.objects.create(user=member, stage=stage, filename="1", size=1, preview=PREVIEW, report=REPORT)
        for stage in Stage
    ]
    rows = [post, Notification.objects.all()[0], EmailAddress.objects.all()[0], *imports]
    return {
        "pk": [*(row.pk for row in rows), *(task.pk for task in tasks)],
        "username": [member.username, stranger.username],
        "tag": ["1"],
    }


def addresses(values: dict[str, list[object]]) -> Iterator[str]:
    """Return every address of the site, as far as its rows make one."""
    for route in routes():
        if route.startswith(FOREIGN):
            continue
        names = re.findall(r"<(\w+)>", route)
        for chosen in product(*(values.get(name, ["1"]) for name in names)):
            address = route
            for name, value in zip(names, chosen, strict=True):
                address = address.replace(f"<{name}>", str(value), 1)
            yield address


def visit(client: Client, method: str, address: str) -> Any:
    """Return the page at which one ends up; what it did is undone."""
    copy = Client(headers=PSEUDO)
    copy.cookies.update(client.cookies)
    with transaction.atomic():
        response = copy.generic(method, address, headers=PSEUDO)
        if response.status_code == 302:
            response = copy.get(response["Location"], headers=PSEUDO)
        transaction.set_rollback(True)
    return response


def left_on(response: Any) -> list[str]:
    """Return what is left in English on a page."""
    if response.status_code == 404:  # most addresses name no row of theirs; the page has a test below
        return []
    if response.streaming or not response["Content-Type"].startswith("text/html"):
        return []
    return untranslated(response.content.decode(), data=DATA)


def test_this_finds_what_is_not_translated() -> None:
    page = '<p title="A title">⟦Öñé <b>susan</b> ·⟧ left <input placeholder="Here" data-none="No posts" data-x="x"></p>'
    assert untranslated(page, data=DATA) == ["left", "A title", "Here", "No posts"]


@pytest.mark.parametrize("visitor", ["signed out", pytest.param("a member", marks=pytest.mark.long), "a new member"])
def test_every_page_is_translated(one_of_everything: dict[str, list[object]], visitor: str, member: User) -> None:
    who = {"signed out": Client, "a member": lambda: signed_in_client(member)}
    client = who.get(visitor, lambda: signed_in_client(make_member("member")))()
    left = {
        f"{method} {address}": words
        for address in addresses(one_of_everything)
        for method in (("GET", "POST") if visitor == "a member" else ("GET",))
        if (words := left_on(visit(client, method, address)))
    }
    assert not left, as_list(left)


TASKS = "/admin/tasks/task/"
# What is ours on a page of staff: how its element begins, and what comes after it.
OURS = {
    "/admin/": ('<section class="health"', '<div id="content-main"'),
    f"{TASKS}{{task}}/change/": ('<section class="module task-history"', "</section>"),
    TASKS: ('<div id="content-main" class="staff-action"', "</form>"),
}


@pytest.mark.parametrize("address", OURS)
def test_our_parts_of_the_admin_are_translated(
    address: str, one_of_everything: dict[str, list[object]], member: User, staff: User, redis_queue: Queue
) -> None:
    """Django's own has its own translations."""
    task = Task.objects.get(name="export_posts")
    Archive.objects.filter(task=task).update(mail_due_at=timezone.now() - timedelta(hours=1), mail_error="…")
    for reason in Reason.values:
        task.events.create(status="queued", reason=reason, attempt=1, by="staff", detail=str(task.pk))
    chosen = {"action": "cancel", "_selected_action": [str(pk) for pk in Task.objects.values_list("pk", flat=True)]}
    client = signed_in_client(staff)
    where = address.format(task=task.pk)
    response = client.post(where, chosen, headers=PSEUDO) if address == TASKS else client.get(where, headers=PSEUDO)
    page = response.content.decode()
    begin, end = OURS[address]
    ours = page[page.index(begin) :].partition(end)[0]
    shown = ours.replace("\xa0", " ")
    for row in Task.objects.all():
        shown = shown.replace(str(row), "").replace(str(row.pk), "")
    names = {"export", "archive", "default", "large", "min", "staff", *(f"x{status}" for status in TaskStatus.values)}
    assert not untranslated(shown, data=DATA | names)


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.glob("[45]*.html")))
def test_error_pages_are_translated(template: str) -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with translation.override("en-xa"):
        page = render_to_string(template, {"minutes": 5, "user": request.user}, request)
    assert not untranslated(page, data=DATA)


@pytest.mark.parametrize("template", sorted(path.name for path in (TEMPLATES / "account/email").glob("*.txt")))
def test_mails_about_the_account_are_translated(template: str) -> None:
    with translation.override("en-xa"):
        assert not plain_english(render_to_string(f"account/email/{template}", {"email": "…"}), data=DATA)


def test_mails_about_exports_are_translated(one_of_everything: dict[str, list[object]], settings: LazySettings) -> None:
    settings.SITE_URL = ""
    for archive, limit in product(Archive.objects.all(), (0, settings.EXPORT_ATTACHMENT_LIMIT)):
        settings.EXPORT_ATTACHMENT_LIMIT = limit
        with translation.override("en-xa"):
            message = archive_message(archive)
        [(html, _kind)] = message.alternatives
        assert not plain_english(f"{message.subject}\n{message.body}", data=DATA)
        assert not untranslated(str(html), data=DATA)


def as_list(left: dict[str, list[str]]) -> str:
    """Return what is left to be translated, each text once, with the first place that shows it."""
    first: dict[str, str] = {}
    for place, words in left.items():
        for word in words:
            first.setdefault(word, place)
    return "\nNot marked for translation:\n" + "\n".join(f"  {word!r} ({place})" for word, place in first.items())
