"""URLs at which fuzzing once found an error, each tested alone."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django_rq.models import Dashboard
from rq import Queue

from accounts.models import User
from inbox.models import Conversation, Message
from inbox.services import message_send
from tasks.models import Task
from tasks.services.payloads import task_publish
from tests.members import PASSWORD, make_member, signed_in_client

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
def test_a_word_after_an_alerts_url_is_not_a_view(member: User, word: str) -> None:
    task_publish(Task.objects.create(user=member, name="export_posts", status="failed", error="Why."))
    address = f"/notifications/{member.notifications.get().pk}/dismiss/"
    assert signed_in_client(member).post(address, {"next": word}).status_code == 302


def test_anonymous_visitors_cannot_tell_what_exists(db: None) -> None:
    for address in (DASHBOARD, f"{DASHBOARD}queues/7/", "/admin/r/1/1/", "/admin/tasks/task/"):
        assert Client().get(address).status_code == 302


@pytest.mark.parametrize("way", ["{kind}", "%20{kind}", "+{kind}", "0{kind}"])
def test_staff_cannot_see_who_writes_to_whom(member: User, stranger: User, staff: User, way: str) -> None:
    message_send(sender=stranger, recipient=member, body="words")
    for row in (Conversation.objects.earliest("pk"), Message.objects.get()):
        kind = ContentType.objects.get_for_model(row).pk
        response = signed_in_client(staff).get(f"/admin/r/{way.format(kind=kind)}/{row.pk}/")
        assert response.status_code == 404


def test_a_row_links_to_its_page_only_for_those_who_may_view_it(member: User) -> None:
    post = member.posts.create(body="words")
    addresses = [f"/admin/r/{ContentType.objects.get_for_model(row).pk}/{row.pk}/" for row in (post, member)]
    viewer = make_member(is_staff=True)
    assert [signed_in_client(viewer).get(address).status_code for address in addresses] == [404, 404]
    viewer.user_permissions.add(Permission.objects.get(codename="view_post"))
    assert [signed_in_client(viewer).get(address).status_code for address in addresses] == [302, 404]


@pytest.mark.parametrize("page", ["", "done/"])
def test_staff_change_their_password_on_the_page_that_limits_guesses(staff: User, page: str) -> None:
    client = signed_in_client(staff)
    form = {"old_password": PASSWORD, "new_password1": "another-long-one", "new_password2": "another-long-one"}
    for response in (client.get(f"/admin/password_change/{page}"), client.post(f"/admin/password_change/{page}", form)):
        assert (response.status_code, response["Location"]) == (302, "/accounts/password/change/")
    staff.refresh_from_db()
    assert staff.check_password(PASSWORD)
