"""The complete archive holds everything that the site holds about a member, or says what it leaves out and why."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import models

from accounts.member_data import MEMBER_DATA, MemberData
from accounts.models import Follow, Session, User
from api.tokens import token_create
from development.embedded_server import BASE_DIR
from exports.building.member_data import EXPORTED_COLUMNS
from exports.formats.not_exported import NOT_EXPORTED
from exports.models import Archive, FailureEmail
from exports.services import export_start
from exports.verification import verify_archive
from exports.verification.contents import SCHEMAS
from imports.models import Import, LeftOut
from imports.reasons import Reason
from inbox.models import Message
from inbox.services import message_send
from posts.models import Post, PostOrigin
from posts.services import post_remove
from tasks.models import Task, TaskEvent
from tests.exports.archives import archive_of
from tests.exports.zip_files import files_in
from tests.members import FIRST, signed_in_client

Key = models.ForeignKey[Any, Any]
EXCUSED = {column for item in NOT_EXPORTED for column in item.columns}


def label(field: models.Field[Any, Any]) -> str:
    return f"{field.model._meta.label}.{field.name}"


def exported_keys() -> set[str]:
    return {key for data in MEMBER_DATA for key in data.keys} | EXPORTED_COLUMNS


def foreign_keys(model: type[models.Model]) -> list[Key]:
    return [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]


def keys_to_a_member() -> Iterator[Key]:
    """Yield the keys of every table that lead to a member, directly or by a row of another table that does."""
    tables = apps.get_models(include_auto_created=True)
    direct = {model for model in tables if any(key.related_model is User for key in foreign_keys(model))}
    for model in tables:
        for key in foreign_keys(model):
            if key.related_model is User or (key.related_model in direct and model is not User):
                yield key


def unexported(key: Key) -> bool:
    """Return whether the rows are in no file; a row that another key exports needs no second one."""
    if label(key) in exported_keys() | EXCUSED:
        return False
    is_direct = key.related_model is User
    return is_direct or not any(label(other) in exported_keys() for other in foreign_keys(key.model))


# The table


def test_every_table_with_a_key_to_a_member_is_exported_or_excused() -> None:
    assert [label(key) for key in keys_to_a_member() if unexported(key)] == []


def test_the_search_for_keys_finds_direct_and_indirect_ones() -> None:
    found = {label(key) for key in keys_to_a_member()}
    assert found >= {"posts.Post.author", "accounts.Session.user", "tasks.TaskEvent.task", "imports.LeftOut.upload"}


def columns_of(data: type[MemberData], model: type[models.Model]) -> set[str]:
    """Return the names of the columns that a kind of record reads; of an expression, none."""
    paths = [path.split("__")[0] for path in data.columns.values() if isinstance(path, str)]
    return {model._meta.get_field(path).name for path in paths}


@pytest.mark.parametrize("data", [data for data in MEMBER_DATA if data.keys], ids=lambda data: data.name)
def test_every_column_of_what_is_exported_is_exported_or_excused(data: type[MemberData]) -> None:
    model = apps.get_model(data.keys[0].rpartition(".")[0])
    left_out = {
        label(field)
        for field in model._meta.concrete_fields
        if field.name not in columns_of(data, model) and not (field.primary_key and isinstance(field, models.AutoField))
    }
    assert left_out - {*data.keys, *EXCUSED} == set()


@pytest.mark.parametrize("model", [User, Post, Follow, Message])
def test_every_column_of_members_posts_follows_and_messages_is_exported_or_excused(model: type[models.Model]) -> None:
    columns = {label(field) for field in model._meta.concrete_fields if not field.primary_key}
    assert columns - EXPORTED_COLUMNS - EXCUSED == set()


def test_whatever_is_excused_exists_and_is_not_exported() -> None:
    for column in EXCUSED:
        model, _dot, name = column.rpartition(".")
        apps.get_model(model)._meta.get_field(name)
    assert EXCUSED & exported_keys() == set()


def test_the_documentation_has_the_table() -> None:
    text = (BASE_DIR / "docs/archive.md").read_text()
    for item in NOT_EXPORTED:
        assert f"| {item.what} | {item.reason} |" in text
    for data in MEMBER_DATA:
        assert f"`{data.file()}`" in text


@pytest.mark.parametrize("data", MEMBER_DATA, ids=lambda data: data.name)
def test_every_kind_of_record_has_a_schema(data: type[MemberData]) -> None:
    schema = json.loads((SCHEMAS / data.file()).read_bytes())
    assert [*schema["properties"]] == [data.name]


# The records


Lists = dict[str, list[dict[str, Any]]]


@pytest.fixture
def archive_of_everything(susan: User, john: User, work: Callable[[], None]) -> Callable[[User], dict[str, bytes]]:
    """Return a function that exports everything of a member; susan and john have a record of each kind."""
    fill(susan, other=john)
    fill(john, other=susan)

    def export(user: User) -> dict[str, bytes]:
        task = export_start(user=user, kind="archive", actor=user)
        work()
        archive = Archive.objects.get(task=task)
        verify_archive(Path(archive.file.path))
        with archive.file.open("rb") as file:
            return files_in(file.read())

    return export


def fill(user: User, other: User) -> None:
    """Give a member a record of each kind; each says whose it is."""
    name = user.username
    signed_in_client(user)
    EmailAddress.objects.create(user=user, email=f"{name}@second.example", verified=False)
    message_send(sender=other, recipient=user, body=f"to {name}")
    old = archive_of(user, b"{}", download_count=2, mailed_to=f"{name}@mailed.example")
    failed = Task.objects.create(user=user, name="export_posts", status="failed", email=f"{name}@example.com")
    TaskEvent.objects.create(task=failed, status="failed", reason="failed", attempt=1, by="staff", actor=other)
    FailureEmail.objects.create(task=failed, mail_error="refused", mail_answer=f"550 no {name}")
    upload = Import.objects.create(user=user, filename=f"{name}.zip", size=7, owner=f"@{name}@old.example")
    LeftOut.objects.create(upload=upload, reason=Reason.BOOST, url=f"https://old.example/{name}/1")
    post = Post.objects.create(author=user, body=f"imported by {name}", timestamp=FIRST)
    PostOrigin.objects.create(post=post, author=user, source="Mastodon", source_id=name, import_id=upload.pk)
    post_remove(author=user, post_id=Post.objects.create(author=user, body=f"deleted by {name}").pk)
    token_create(user=user, name=f"token of {name}", scopes=["exports:read"], lifetime=timedelta(days=1))
    log(other, user, f"Changed the email of {name}")
    log(other, old.task, f"Cancelled the task of {name}")
    log(other, post, f"Looked at the post of {name}")


def log(staff: User, row: models.Model, message: str) -> None:
    LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=message,
    )


def lists_of(files: dict[str, bytes]) -> Lists:
    return {data.name: json.loads(files[data.file()])[data.name] for data in MEMBER_DATA}


def test_each_kind_of_record_is_in_it_and_nobody_elses(
    susan: User, archive_of_everything: Callable[[User], dict[str, bytes]]
) -> None:
    files = archive_of_everything(susan)
    lists = lists_of(files)
    assert [name for name, records in lists.items() if not records] == []
    assert {address["email"] for address in lists["addresses"]} == {"susan@example.com", "susan@second.example"}
    [session] = lists["sessions"]
    assert session["signed_in"][0]["method"] == "password"
    assert [(post["body"], post["timestamp"] <= post["deleted"]) for post in lists["deleted_posts"]] == [
        ("deleted by susan", True)
    ]
    [origin] = lists["origins"]
    assert (origin["source"], origin["source_id"], origin["is_deleted"]) == ("Mastodon", "susan", False)
    assert origin["post"] in {item["object"]["id"] for item in json.loads(files["outbox.json"])["orderedItems"]}
    assert [(entry["with"], entry["unread"]) for entry in lists["conversations"]] == [("john", 1)]
    assert [(export["downloads"], export["emailed_to"]) for export in lists["exports"]] == [(2, "susan@mailed.example")]
    assert [email["email_answer"] for email in lists["failure_emails"]] == ["550 no susan"]
    assert [(upload["filename"], upload["size"]) for upload in lists["imports"]] == [("susan.zip", 7)]
    assert [(token["name"], token["scopes"]) for token in lists["tokens"]] == [("token of susan", ["exports:read"])]
    assert [entry["url"] for entry in lists["left_out"]] == ["https://old.example/susan/1"]
    assert {(task["name"], task["status"]) for task in lists["tasks"]} >= {
        ("export_posts", "failed"),
        ("export_archive", "running"),
    }
    assert {(event["status"], event["by"]) for event in lists["task_events"]} >= {("failed", "staff")}
    assert "task_progress" in {notification["name"] for notification in lists["notifications"]}
    everything = json.dumps(lists)
    assert not re.search(r"of john|by john|to john|no john|john@", everything)


def test_what_staff_did_is_told_without_their_names(
    susan: User, archive_of_everything: Callable[[User], dict[str, bytes]]
) -> None:
    actions = lists_of(archive_of_everything(susan))["staff_actions"]
    assert [(action["action"], action["record"], action["message"]) for action in actions] == [
        ("changed", "user", "Changed the email of susan"),
        ("changed", "task", "Cancelled the task of susan"),
        ("changed", "post", "Looked at the post of susan"),
    ]
    assert "john" not in json.dumps(actions)


def test_no_key_of_a_session_and_no_password_is_in_it(
    susan: User, archive_of_everything: Callable[[User], dict[str, bytes]]
) -> None:
    client = signed_in_client(susan)
    secrets = [client.session.session_key, *Session.objects.values_list("session_key", flat=True), susan.password]
    text = b"".join(archive_of_everything(susan).values()).decode()
    assert [secret for secret in map(str, secrets) if secret in text or secret.removeprefix("#") in text] == []


def test_roles_and_an_erasure_to_come_are_in_the_profile(
    susan: User, archive_of_everything: Callable[[User], dict[str, bytes]]
) -> None:
    susan.groups.add(Group.objects.create(name="Helpers"))
    User.objects.filter(pk=susan.pk).update(deletion_due_at=datetime(2030, 1, 1, tzinfo=UTC), last_login=FIRST)
    profile = json.loads(archive_of_everything(susan)["profile.json"])
    assert (profile["roles"], profile["deletion_due"]) == (["Helpers"], "2030-01-01T00:00:00Z")
    assert profile["last_sign_in"] == "2026-01-01T12:00:00Z"


def test_the_origin_of_a_deleted_post_says_so(
    susan: User, archive_of_everything: Callable[[User], dict[str, bytes]]
) -> None:
    susan.posts.filter(body="imported by susan").delete()
    [origin] = lists_of(archive_of_everything(susan))["origins"]
    assert origin["is_deleted"]


def test_dates_choose_the_origins_and_the_deleted_posts(
    susan: User, archive_of_everything: Callable[[User], dict[str, bytes]]
) -> None:
    choice = {"since": FIRST + timedelta(days=1)}
    records = {data.name: list(data.records(susan, **choice)) for data in MEMBER_DATA if data.written_at}
    assert {name: len(found) for name, found in records.items()} == {"deleted_posts": 1, "origins": 0}


def test_many_records_are_all_in_it(susan: User, archive_of_everything: Callable[[User], dict[str, bytes]]) -> None:
    upload = susan.imports.get()
    LeftOut.objects.bulk_create(LeftOut(upload=upload, reason=Reason.BOOST) for _ in range(1200))
    assert len(lists_of(archive_of_everything(susan))["left_out"]) == 1201


def test_the_readme_and_the_first_page_describe_what_is_left_out(
    susan: User, archive_of_everything: Callable[[User], dict[str, bytes]]
) -> None:
    readme = " ".join(archive_of_everything(susan)["README.txt"].decode().split())
    for item in NOT_EXPORTED:
        assert str(item.what) in readme
        assert str(item.reason) in readme
