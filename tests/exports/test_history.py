"""The page of a member's exports, and deleting a file early."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rq import Queue

from accounts.models import User
from exports.models import Archive
from exports.views.overview import PAGE_SIZE
from tasks.models import Task, TaskStatus
from tasks.services.launch import task_launch
from tasks.services.payloads import task_publish
from tests.messages import told

NOTHING_YET = "You haven't exported anything yet."


def text_of(client: Client, path: str = "/exports/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def delete_address(archive: Archive) -> str:
    return reverse("exports:delete", args=[archive.task_id])


def write_history(user: User, count: int) -> None:
    """Give the member so many exports, each with an archive, and a newer one that is queued."""
    for _ in range(count):
        task = Task.objects.create(
            user=user, name="export_posts", description="Exporting", status="succeeded", progress=100
        )
        Archive.objects.create(
            task=task, user=user, file="x", size=1, snapshot_at=timezone.now(), expires_at=timezone.now()
        )
    Task.objects.update_or_create(
        user=user, name="export_posts", status="queued", defaults={"created_at": timezone.now()}
    )


def test_the_complete_archive_is_offered_first_and_recommended(signed_in: Client) -> None:
    archive, posts = text_of(signed_in).split('id="kind-archive"')[1].split('id="kind-posts"')
    assert "Recommended" in archive
    assert 'id="export-archive"' in archive
    assert "Recommended" not in posts
    assert 'id="export-posts"' in posts


def test_each_kind_tells_what_it_will_hold_and_its_size_before_the_click(signed_in: Client) -> None:
    archive, posts = text_of(signed_in).split('id="kind-archive"')[1].split('id="kind-posts"')
    assert "3 posts, 0 messages, 0 following, 0 followers · about" in archive
    assert "3 posts · about" in posts
    assert "0 messages" not in posts


def test_each_export_says_what_it_holds_and_what_became_of_it(signed_in: Client, exported: Archive) -> None:
    moment = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    Archive.objects.update(snapshot_at=moment, expires_at=timezone.now() + timedelta(days=1), size=2048)
    page = text_of(signed_in)
    for expected in (
        "Ready",
        "3 posts, 2.0 KB.",
        "Nov. 23, 2026, 10 a.m. UTC",
        "susan@example.com.",
        "Expires",
        "Downloaded 0 times.",
        reverse("exports:download", args=[exported.task_id]),
    ):
        assert expected in page


def test_a_complete_archive_tells_all_its_counts(signed_in: Client, exported: Archive) -> None:
    Archive.objects.update(item_counts={"posts": 1, "follows": 12, "followers": 3000, "skipped": 1})
    page = text_of(signed_in)
    assert "1 post," in page
    assert "Follows: 12. Followers: 3,000." in page
    assert "1 record could not be exported. skipped.json in the archive lists them, with the reasons." in page


def test_an_export_of_posts_alone_promises_no_list_of_what_is_left_out(signed_in: Client, exported: Archive) -> None:
    Archive.objects.update(item_counts={"posts": 1, "skipped": 2})
    page = text_of(signed_in)
    assert "2 records could not be exported." in page
    assert "skipped.json" not in page


def test_downloads_are_shown(signed_in: Client, exported: Archive) -> None:
    Archive.objects.update(download_count=2)
    assert "Downloaded 2 times." in text_of(signed_in)


def test_an_overdue_email_is_reported(signed_in: Client, exported: Archive) -> None:
    Archive.objects.update(mailed_to="", mail_due_at=timezone.now(), mail_error="no answer")
    assert "We couldn't send the email yet" in text_of(signed_in)


def test_a_failed_export_says_why_and_offers_a_retry(signed_in: Client, failed: Task) -> None:
    page = text_of(signed_in)
    assert "Why." in page
    assert reverse("tasks:retry", args=[failed.pk]) in page


def test_a_running_export_can_be_cancelled_and_not_started(
    signed_in: Client, susan: User, failed: Task, queue: Queue
) -> None:
    task = task_launch(user=susan, name="export_posts")
    page = text_of(signed_in)
    assert reverse("tasks:cancel", args=[task.pk]) in page
    assert 'id="export-posts"' not in page
    assert reverse("tasks:retry", args=[failed.pk]) not in page.split('id="export-list"')[1]


def test_no_alert_repeats_what_the_page_shows_itself(signed_in: Client, susan: User, exported: Archive) -> None:
    task = task_launch(user=susan, name="export_archive")
    for shown in (exported.task_id, task.pk):
        assert text_of(signed_in).count(f'id="task-{shown}"') == 1
        assert f'id="task-{shown}"' in text_of(signed_in).split("<main")[1]
        assert f'id="task-{shown}"' in text_of(signed_in, "/explore/").split("<main")[0]


def test_a_running_export_shows_its_progress_in_its_own_card(signed_in: Client, susan: User, queue: Queue) -> None:
    task = task_launch(user=susan, name="export_archive")
    Task.objects.update(status="running", progress=38)
    task_publish(Task.objects.get())
    card = text_of(signed_in).split('id="kind-archive"')[1].split('id="kind-posts"')[0]
    assert f'<span id="{task.pk}-progress" data-percent>38</span>' in card


def test_a_member_without_exports_is_told_what_to_do(signed_in: Client) -> None:
    assert NOTHING_YET in text_of(signed_in)


def test_other_tasks_are_not_listed(signed_in: Client, susan: User) -> None:
    Task.objects.create(user=susan, name="example", description="Counting", status="cancelled")
    assert NOTHING_YET in text_of(signed_in)


def test_a_stranger_does_not_see_it(stranger: Client, exported: Archive) -> None:
    assert str(exported.task_id) not in text_of(stranger)


def test_the_queries_are_the_same_for_any_number_of_exports(signed_in: Client, susan: User) -> None:
    def queries(count: int) -> int:
        write_history(susan, count)
        signed_in.get("/exports/")  # the first page notes that the member was seen
        with CaptureQueriesContext(connection) as captured:
            signed_in.get("/exports/")
        return len(captured)

    few = queries(1)
    assert queries(60) == few <= 23


def test_it_is_shown_a_page_at_a_time(signed_in: Client, susan: User) -> None:
    write_history(susan, 2 * PAGE_SIZE + 1)
    first, last = text_of(signed_in), text_of(signed_in, "/exports/?page=3")
    assert first.count("<article") == PAGE_SIZE
    assert 'href="?page=2"' in first
    assert "Newer exports" not in first
    assert last.count("<article") == 1
    assert "Older exports" not in last


@pytest.mark.parametrize("page", ["nonsense", "-1", "10000", "1%00"])
def test_an_invalid_page_number_shows_a_valid_page(signed_in: Client, exported: Archive, page: str) -> None:
    assert str(exported.task_id) in text_of(signed_in, f"/exports/?page={page}")


def test_the_profile_has_one_button_and_a_link_to_the_page(signed_in: Client, susan: User) -> None:
    page = text_of(signed_in, f"/user/{susan.username}/").split("<main")[1]
    assert page.count("Export your posts") == page.count('id="export-posts"') == 1
    assert 'href="/exports/">Download your data' in page


def test_deleting_is_confirmed_without_javascript(signed_in: Client, exported: Archive) -> None:
    details = text_of(signed_in).split('id="export-list"')[1].split("<details")[2].split("</details>")[0]
    assert f'method="post" action="{delete_address(exported)}"' in details
    assert "can't be restored" in details


def test_delete_removes_the_file_and_keeps_the_row(signed_in: Client, exported: Archive) -> None:
    name, storage = str(exported.file.name), exported.file.storage
    response = signed_in.post(delete_address(exported))
    assert (response.status_code, response["Location"]) == (302, "/exports/")
    assert told(response) == ["The file was deleted."]
    assert not storage.exists(name)
    page = text_of(signed_in).split('id="export-list"')[1]
    assert "Deleted" in page
    assert "3 posts" in page
    assert reverse("exports:download", args=[exported.task_id]) not in page
    assert delete_address(exported) not in page
    assert signed_in.get(reverse("exports:download", args=[exported.task_id])).status_code == 404


def test_delete_leaves_no_empty_folder(signed_in: Client, exported: Archive) -> None:
    storage, name = exported.file.storage, str(exported.file.name)
    signed_in.post(delete_address(exported))
    folder, _slash, _name = name.rpartition("/")
    assert not storage.exists(folder)


def test_delete_calls_off_a_mail_that_is_still_due(signed_in: Client, exported: Archive) -> None:
    Archive.objects.update(mailed_to="", mail_due_at=timezone.now())
    signed_in.post(delete_address(exported))
    assert Archive.objects.get().mail_due_at is None
    assert "We didn't email it." in text_of(signed_in)


def test_delete_removes_the_alert_with_the_download(signed_in: Client, susan: User, exported: Archive) -> None:
    signed_in.post(delete_address(exported))
    assert not susan.notifications.filter(name="task_progress", dismissed=False).exists()


def test_a_second_delete_says_that_it_was_gone(signed_in: Client, exported: Archive) -> None:
    for _ in range(2):
        response = signed_in.post(delete_address(exported))
    assert told(response)[-1] == "We no longer have that file."


def test_a_file_that_vanished_can_be_deleted(signed_in: Client, exported: Archive) -> None:
    exported.file.storage.delete(str(exported.file.name))
    signed_in.post(delete_address(exported))
    assert not Archive.objects.get().file


def test_a_failing_storage_is_explained_plainly(
    signed_in: Client, exported: Archive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_storage: FileSystemStorage, _name: str) -> None:
        raise OSError("the disk is on fire")

    monkeypatch.setattr(FileSystemStorage, "delete", broken)
    [text] = told(signed_in.post(delete_address(exported)))
    assert text.startswith("We couldn't delete the file.")
    assert "the disk is on fire" in caplog.text
    assert Archive.objects.get().is_available


def test_a_stranger_cannot_delete_it(stranger: Client, exported: Archive) -> None:
    assert stranger.post(delete_address(exported)).status_code == 404
    assert Archive.objects.get().is_available


def test_delete_refuses_get(signed_in: Client, exported: Archive) -> None:
    assert signed_in.get(delete_address(exported)).status_code == 405
    assert Archive.objects.get().is_available


def test_delete_refuses_a_missing_csrf_token(susan: User, exported: Archive) -> None:
    careless = Client(enforce_csrf_checks=True)
    careless.force_login(susan)
    assert careless.post(delete_address(exported)).status_code == 403
    assert Archive.objects.get().is_available


def test_an_anonymous_visitor_is_sent_to_sign_in(client: Client, exported: Archive) -> None:
    target = delete_address(exported)
    assert client.post(target)["Location"] == f"/accounts/login/?next={quote(target)}"


def test_an_export_without_a_file_has_none_to_delete(signed_in: Client, failed: Task) -> None:
    assert signed_in.post(reverse("exports:delete", args=[failed.pk])).status_code == 404
    assert Task.objects.get().status == TaskStatus.FAILED
