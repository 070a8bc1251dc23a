"""The schedule on the page of exports: created, changed, stopped and resumed by its member alone."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from exports.models import Archive, Schedule
from exports.models.schedule import ScheduleStatus
from tests.exports.conftest import Scheduled
from tests.exports.test_expiry import has_file, keep
from tests.members import signed_in_client

ADDRESSES = ("/exports/schedule/", "/exports/schedule/stop/", "/exports/schedule/resume/")


def form(**values: Any) -> dict[str, Any]:
    """Return the form's fields."""
    chosen = {"when": "weekly-0", "hour": "4", "keep": "2", "parts": ["posts", "account"]} | values
    return {f"schedule-{name}": value for name, value in chosen.items()}


def shown(client: Client) -> str:
    return client.get("/exports/").content.decode()


def test_a_member_creates_one_and_sees_when_it_runs(signed_in: Client, susan: User) -> None:
    response = signed_in.post("/exports/schedule/", form())
    assert (response.status_code, response["Location"]) == (302, "/exports/")
    schedule = Schedule.objects.get(user=susan)
    assert (schedule.frequency, schedule.day, schedule.hour, schedule.keep) == ("weekly", 0, 4, 2)
    page = shown(signed_in)
    assert "Every Monday at 4 a.m. (UTC)." in page
    assert "Next export:" in page


def test_they_change_it(signed_in: Client, scheduled: Scheduled, susan: User) -> None:
    scheduled(susan)
    signed_in.post("/exports/schedule/", form(when="monthly-31"))
    page = shown(signed_in)
    assert "The last day of every month at 4 a.m." in page
    assert '<option value="monthly-31" selected>' in page
    assert Schedule.objects.count() == 1


def test_they_choose_what_it_holds(signed_in: Client) -> None:
    signed_in.post("/exports/schedule/", form(parts=["posts", "people"], only_new="on"))
    schedule = Schedule.objects.get()
    assert (schedule.parts, schedule.only_new) == (["posts", "people"], True)
    page = " ".join(shown(signed_in).split())
    assert "Parts: Posts, People you follow and your followers. Only posts since your last export." in page


def test_they_stop_and_resume_it(signed_in: Client, scheduled: Scheduled, susan: User) -> None:
    scheduled(susan)
    for action, status in (("stop", ScheduleStatus.STOPPED), ("resume", ScheduleStatus.ACTIVE)):
        assert signed_in.post(f"/exports/schedule/{action}/")["Location"] == "/exports/"
        assert Schedule.objects.get().status == status
        assert (f"/exports/schedule/{action}/" in shown(signed_in)) is False


def test_a_second_stop_or_resume_says_that_there_is_nothing_to_do(signed_in: Client) -> None:
    for action in ("stop", "resume"):
        signed_in.post(f"/exports/schedule/{action}/")
        assert "There is no" in shown(signed_in)


def test_saving_a_stopped_one_resumes_it(signed_in: Client, scheduled: Scheduled, susan: User) -> None:
    scheduled(susan)
    signed_in.post("/exports/schedule/stop/")
    signed_in.post("/exports/schedule/", form())
    assert Schedule.objects.get().status == ScheduleStatus.ACTIVE


def test_a_paused_one_says_why(signed_in: Client, scheduled: Scheduled, susan: User) -> None:
    scheduled(susan)
    Schedule.objects.update(status=ScheduleStatus.PAUSED, next_at=None)
    assert "three exports in a row failed" in shown(signed_in)


def test_fewer_to_keep_removes_the_others_at_once(signed_in: Client, scheduled: Scheduled, susan: User) -> None:
    scheduled(susan, keep=3)
    archives = [keep(susan, age=age) for age in (1, 2, 3)]
    Archive.objects.update(is_scheduled=True)
    signed_in.post("/exports/schedule/", form(keep="1"))
    assert [has_file(archive) for archive in archives] == [True, False, False]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"when": when} for when in ("", "weekly-7", "monthly-0", "monthly-32", "daily-1", "weekly", "weekly--1")),
        *({"hour": hour} for hour in ("", "24", "-1", "x", "3.5")),
        *({"keep": number} for number in ("", "0", "6", "999999999999")),
        *({"parts": parts} for parts in ([], ["posts", "secrets"])),
    ],
)
def test_what_is_not_offered_is_refused_beside_its_field(signed_in: Client, wrong: dict[str, Any]) -> None:
    response = signed_in.post("/exports/schedule/", form(**wrong))
    assert response.status_code == 422
    assert f'id="id_schedule-{next(iter(wrong))}_error"' in response.content.decode()
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_a_post_changes_it(signed_in: Client, scheduled: Scheduled, susan: User, address: str) -> None:
    scheduled(susan)
    assert signed_in.get(address).status_code == 405
    assert Schedule.objects.get().status == ScheduleStatus.ACTIVE


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_form_of_another_site_changes_nothing(scheduled: Scheduled, susan: User, address: str) -> None:
    scheduled(susan)
    client = Client(enforce_csrf_checks=True)
    client.force_login(susan)
    assert client.post(address, form()).status_code == 403
    assert Schedule.objects.filter(status=ScheduleStatus.ACTIVE, hour=3).exists()


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_signing_in_there_is_none(client: Client, db: None, address: str) -> None:
    assert client.post(address, form())["Location"].startswith("/accounts/login/")
    assert not Schedule.objects.exists()


def test_a_stranger_sees_and_changes_their_own_alone(stranger: Client, scheduled: Scheduled, susan: User) -> None:
    scheduled(susan)
    assert "Every Saturday at 3 a.m." not in shown(stranger)
    stranger.post("/exports/schedule/stop/")
    stranger.post("/exports/schedule/", form())
    assert Schedule.objects.get(user=susan).hour == 3


def test_it_is_in_spanish(susan: User, scheduled: Scheduled) -> None:
    susan.language, susan.time_zone = "es", "Europe/Madrid"
    susan.save()
    scheduled(susan)
    assert "Cada sábado, 03:00 h (Europe/Madrid)." in shown(signed_in_client(susan))


def test_scheduled_exports_are_marked_among_the_past_ones(signed_in: Client, susan: User) -> None:
    archive = keep(susan)
    assert ">Scheduled</span>" not in shown(signed_in)
    archive.task.params = {"scheduled_for": "2026-11-28"}
    archive.task.save()
    assert ">Scheduled</span>" in shown(signed_in)
