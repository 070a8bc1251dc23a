"""A member chooses on the page of their exports what the next one holds."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.member_data import Part
from accounts.models import User
from exports.choice import ArchiveChoice
from exports.export_job import export_jobs
from exports.models import Archive
from exports.options import covered_until
from tasks.models import Task
from tests.exports.archives import archive_of
from tests.members import FIRST

pytestmark = pytest.mark.usefixtures("queue")

FORM = {"kind": "archive", "choose": "1"}
ALL = [*Part]


@pytest.fixture
def in_madrid(susan: User) -> User:
    User.objects.filter(pk=susan.pk).update(time_zone="Europe/Madrid")
    return susan


def params(client: Client, **fields: Any) -> dict[str, Any]:
    """Send the form; return the parameters of the task that it started."""
    response = client.post("/exports/", {**FORM, "parts": ALL, **fields})
    assert response.status_code == 302, response.content.decode()
    return dict(Task.objects.get().params)


def made(user: User, at: datetime, *, name: str = "export_archive", **chosen: Any) -> Archive:
    """Return an export of the past."""
    archive = archive_of(user, b"", task_name=name, snapshot_at=at)
    Task.objects.filter(pk=archive.task_id).update(
        params=ArchiveChoice(**chosen).as_params(), ended_at=at, created_at=at
    )
    return archive


# What is started


def test_one_click_exports_everything(signed_in: Client) -> None:
    signed_in.post("/exports/", {"kind": "archive"})
    assert Task.objects.get().params == {}


def test_the_form_as_it_is_offered_exports_everything_too(signed_in: Client) -> None:
    assert params(signed_in) == {}


def test_parts_can_be_left_out(signed_in: Client) -> None:
    assert params(signed_in, parts=["posts", "account"]) == {"parts": ["posts", "account"]}


def test_the_days_are_the_members_own(signed_in: Client, in_madrid: User) -> None:
    assert params(signed_in, first="2026-07-01", last="2026-12-31") == {
        "since": "2026-06-30T22:00:00+00:00",
        "until": "2026-12-31T23:00:00+00:00",
    }


def test_an_export_of_posts_takes_dates(signed_in: Client) -> None:
    signed_in.post("/exports/", {"kind": "posts", "first": "2026-07-01"})
    task = Task.objects.get()
    assert (task.name, task.params) == ("export_posts", {"since": "2026-07-01T00:00:00+00:00"})


def test_what_is_new_begins_shortly_before_the_last_export(signed_in: Client, susan: User) -> None:
    made(susan, FIRST)
    assert "Jan. 1, 2026, noon UTC" in signed_in.get("/exports/").content.decode()
    signed_in.post("/exports/", {**FORM, "parts": ALL, "is_new": "on"})
    assert Task.objects.get(status="queued").params == {"since": (FIRST - timedelta(minutes=5)).isoformat()}


def test_what_is_new_and_dates_are_both_heeded(signed_in: Client, susan: User) -> None:
    made(susan, FIRST)
    signed_in.post("/exports/", {**FORM, "parts": ALL, "is_new": "on", "first": "2026-03-01"})
    assert Task.objects.get(status="queued").params == {"since": "2026-03-01T00:00:00+00:00"}


def test_without_an_export_there_is_nothing_to_be_newer_than(signed_in: Client) -> None:
    assert 'id="archive_is_new"' not in signed_in.get("/exports/").content.decode()
    assert params(signed_in, is_new="on") == {}


# What is refused


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"parts": []}, "Choose at least one part of your data."),
        ({"parts": ["photos"]}, "photos is not one of the available choices"),
        ({"first": "soon"}, "Enter a valid date."),
        ({"last": "2026-02-30"}, "Enter a valid date."),
        ({"first": "2026-02-02", "last": "2026-02-01"}, "The first day can&#x27;t be after the last one."),
        ({"parts": ["messages"], "first": "2026-02-02"}, "Dates are for posts only. Include the posts"),
        ({"last": "9999-12-31"}, "before year 9999"),
    ],
)
def test_a_choice_that_makes_no_sense_starts_nothing_and_says_why(
    signed_in: Client, fields: dict[str, Any], said: str
) -> None:
    response = signed_in.post("/exports/", {**FORM, "parts": ALL, **fields})
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert '<details class="mt-3" id="choose-archive" open>' in page
    assert not Task.objects.exists()


def test_a_wrong_field_without_the_form_is_not_taken_for_everything(signed_in: Client) -> None:
    response = signed_in.post("/exports/", {"kind": "archive", "parts": "photos"})
    assert response.status_code == 422
    assert not Task.objects.exists()


def test_parts_of_an_export_that_has_none_are_refused(signed_in: Client) -> None:
    response = signed_in.post("/exports/", {"kind": "posts", "parts": ["messages"]})
    assert response.status_code == 422
    assert "has no parts to choose from" in response.content.decode()
    assert not Task.objects.exists()


def test_an_unknown_kind_is_refused_by_name_with_a_form_too(signed_in: Client) -> None:
    response = signed_in.post("/exports/", {**FORM, "kind": "photos"})
    assert (response.status_code, response["Content-Type"]) == (400, "text/plain")
    assert "'photos' isn't a type of export" in response.content.decode()


def test_a_second_choice_waits_for_the_first(signed_in: Client) -> None:
    params(signed_in, parts=["posts"])
    signed_in.post("/exports/", {**FORM, "parts": ["messages"]})
    assert Task.objects.get().params == {"parts": ["posts"]}


# The size before the click


def test_the_size_of_a_choice_is_shown_without_starting_it(signed_in: Client, susan: User) -> None:
    response = signed_in.post("/exports/", {**FORM, "parts": ["posts"], "first": "2026-01-01", "estimate": "1"})
    address = urlsplit(response["Location"])
    assert (response.status_code, address.path, address.fragment) == (302, "/exports/", "choose-archive")
    assert parse_qs(address.query) == {**{k: [v] for k, v in FORM.items()}, "parts": ["posts"], "first": ["2026-01-01"]}
    page = " ".join(signed_in.get(response["Location"]).content.decode().split())
    status = page.split('id="choose-archive"')[1].split('role="status"')[1].split("</div>")[0]
    assert "3 posts · about" in status
    assert "messages" not in status
    form = page.split('id="choose-archive" open')[1].split("</form>")[0]
    assert (
        form.count("checked"),
        form.count('value="posts" id="archive_parts_0" class="form-check-input" checked'),
    ) == (1, 1)
    assert 'value="2026-01-01"' in form
    assert not Task.objects.exists()


def test_an_address_with_a_wrong_choice_says_what_is_wrong(signed_in: Client) -> None:
    page = signed_in.get("/exports/", {**FORM, "parts": ["photos"]}).content.decode()
    assert "photos is not one of the available choices" in page


def test_each_part_has_its_size_in_the_form(signed_in: Client) -> None:
    page = signed_in.get("/exports/").content.decode()
    for part in Part:
        assert f"{part.label} (about " in page


@pytest.mark.parametrize("fields", [{"estimate": "1"}, {}])
def test_a_stranger_has_to_sign_in_first(client: Client, susan: User, fields: dict[str, str]) -> None:
    response = client.post("/exports/", {**FORM, "parts": ["posts"], **fields})
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
    assert not Task.objects.exists()


# Since the last export

DAY = timedelta(days=1)


def covered(user: User) -> datetime | None:
    return covered_until(user, export_jobs()["archive"])


def test_a_complete_export_covers_all_posts_up_to_it(susan: User, john: User) -> None:
    assert covered(susan) is None
    made(susan, FIRST)
    made(susan, FIRST + DAY)
    made(john, FIRST + 5 * DAY)
    made(susan, FIRST + 7 * DAY, name="export_posts")
    assert covered(susan) == FIRST + DAY


def test_an_export_without_posts_covers_none(susan: User) -> None:
    made(susan, FIRST)
    made(susan, FIRST + DAY, parts=frozenset({Part.MESSAGES}))
    assert covered(susan) == FIRST


def test_an_export_of_what_is_new_continues_the_one_before(susan: User) -> None:
    made(susan, FIRST)
    made(susan, FIRST + 3 * DAY, since=FIRST - timedelta(minutes=5))
    assert covered(susan) == FIRST + 3 * DAY


def test_an_export_that_leaves_a_gap_does_not_count(susan: User) -> None:
    made(susan, FIRST)
    made(susan, FIRST + 9 * DAY, since=FIRST + 5 * DAY)
    assert covered(susan) == FIRST


def test_an_export_of_old_posts_covers_them_alone(susan: User) -> None:
    made(susan, FIRST, until=datetime(2020, 1, 1, tzinfo=UTC))
    assert covered(susan) == datetime(2020, 1, 1, tzinfo=UTC)
    made(susan, FIRST + DAY, until=FIRST + 5 * DAY)
    assert covered(susan) == FIRST + DAY, "what is written later can't be in it"
    made(susan, FIRST + 2 * DAY, until=FIRST - 5 * DAY)
    assert covered(susan) == FIRST + DAY


def test_an_export_that_only_newer_code_understands_does_not_count(signed_in: Client, susan: User) -> None:
    newer = made(susan, FIRST)
    Task.objects.filter(pk=newer.task_id).update(params={"parts": ["photos"]})
    assert covered(susan) is None
    assert signed_in.get("/exports/").status_code == 200


# What was chosen


def test_the_list_says_what_an_export_holds(signed_in: Client, susan: User) -> None:
    made(susan, FIRST, parts=frozenset({Part.POSTS, Part.ACCOUNT}), since=FIRST - 30 * DAY)
    made(susan, FIRST + DAY)
    page = " ".join(signed_in.get("/exports/").content.decode().split())
    assert page.count("Parts: Posts, Account records. Posts since Dec. 2, 2025, noon UTC.") == 1
