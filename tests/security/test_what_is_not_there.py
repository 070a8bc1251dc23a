"""Addresses at which the fuzz run once met an error, each by itself."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django_rq.models import Dashboard
from rq import Queue

from accounts.models import User
from exports.models import Task
from exports.services.news import task_publish
from tests.members import signed_in_client

DASHBOARD = "/admin/django_rq/dashboard/"


@pytest.mark.parametrize(
    "page",
    [
        *("queues/7/", "queues/0/nobody/delete/", "queues/0/%00/", "queues/0/a%20b/requeue/", "workers/0/nobody/"),
        *("schedulers/0/", "cron-schedulers/9/x/", "add/", "1/change/", "1/history/"),
    ],
)
def test_the_queues_dashboard_finds_nothing(staff: User, redis_queue: Queue, page: str) -> None:
    assert signed_in_client(staff).get(DASHBOARD + page).status_code in {403, 404}


@pytest.mark.parametrize("model", [Dashboard, Task])
def test_a_row_without_a_page_of_its_own_is_not_found_on_the_site(staff: User, model: type) -> None:
    kind = ContentType.objects.get_for_model(model, for_concrete_model=False)
    assert signed_in_client(staff).get(f"/admin/r/{kind.pk}/1/").status_code == 404


def test_a_member_is_found_on_the_site(staff: User) -> None:
    kind = ContentType.objects.get_for_model(User)
    assert signed_in_client(staff).get(f"/admin/r/{kind.pk}/{staff.pk}/")["Location"].endswith("/user/staff/")


@pytest.mark.parametrize("word", ["posts", "timeline", "a:b", "2026-13-45"])
def test_after_an_alert_a_word_is_no_view(member: User, word: str) -> None:
    task_publish(Task.objects.create(user=member, name="export_posts", status="failed", error="Why."))
    address = f"/notifications/{member.notifications.get().pk}/dismiss/"
    assert signed_in_client(member).post(address, {"next": word}).status_code == 302


def test_who_is_not_signed_in_learns_nothing_of_what_there_is(db: None) -> None:
    for address in (DASHBOARD, f"{DASHBOARD}queues/7/", "/admin/r/1/1/", "/admin/exports/task/"):
        assert Client().get(address).status_code == 302
