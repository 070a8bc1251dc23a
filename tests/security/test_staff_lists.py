"""URL parameters of an admin list reveal only what the list shows."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.core.management.sql import emit_post_migrate_signal
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django_rq.models import Dashboard

from accounts.models import User
from core.staff.lists import CarefulAdmin
from inbox.services import message_send
from operations.roles import ROLES
from tests.members import make_member, signed_in_client

LISTS = {model: model_admin for model, model_admin in admin.site._registry.items() if model is not Dashboard}
"""All but the queue's, which has no table."""
LOOKUPS = ["", "__gte"]
DEPTH = 3
SHOWN = {"username", "email", "first_name", "last_name"}
"""What of the members that rows point to a list may search in: but for the name, for those who may look at members."""


def fields(model: type[Model]) -> Iterator[tuple[str, Any]]:
    """Yield each name by which a field or a relation of the model can be asked for."""
    for field in model._meta.get_fields():
        yield field.name, field
        if (column := getattr(field, "attname", field.name)) != field.name:
            yield column, field
    yield "pk", model._meta.pk


def paths(model: type[Model], depth: int = DEPTH) -> Iterator[str]:
    """Yield the paths from the model to all columns, its own and those across relations."""
    for name, field in fields(model):
        yield name
        if field.is_relation and field.related_model and depth > 1:
            yield from (f"{name}__{rest}" for rest in paths(field.related_model, depth - 1))


def address(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def viewer(*codenames: str) -> User:
    """Return a member of staff who may look at things, and nothing else."""
    user = make_member(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def is_own_or_shown(model_admin: ModelAdmin[Any], path: str) -> bool:
    """Return whether a path is a column of the list's own, or a relation that it shows or filters by."""
    first, *rest = path.split("__")
    if not rest:
        return True
    offered = {*model_admin.list_display, *(f[0] if isinstance(f, tuple) else f for f in model_admin.list_filter)}
    return rest in (["id"], ["pk"]) and first.removesuffix("_id") in {name.removesuffix("_id") for name in offered}


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_lists_cannot_be_filtered_across_hidden_relations(model: type[Model], staff: User) -> None:
    model_admin = LISTS[model]
    request = RequestFactory().get("/")
    request.user = staff  # even a superuser, who is not meant to read passwords and session keys either
    allowed = {
        path
        for path in paths(model)
        for lookup in LOOKUPS
        if model_admin.lookup_allowed(f"{path}{lookup}", "x", request)
    }
    assert {path for path in allowed if not is_own_or_shown(model_admin, path)} == set()
    assert not {path for path in allowed if "password" in path or "session" in path}


SECRETS = [
    *("sessions__session_key", "sessions__pk", "sessions__session_data", "password", "messages_sent__body"),
    *("messages_received__sender__username", "conversations__newest__body", "notifications__data", "tasks__traceback"),
    *("emailaddress__emailconfirmation__key", "logentry__change_message", "archives__file", "removed_posts__body"),
]


def refused(client: Client, model: type[Model], name: str) -> bool:
    """Return whether the list refuses to be filtered by the column, for any value."""
    return all(client.get(address(model), {f"{name}__gte": value}).status_code == 400 for value in ("0", "~"))


@pytest.mark.parametrize("role", [*ROLES, "view alone"])
def test_responses_do_not_depend_on_members_secrets(role: str, staff: User) -> None:
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    user = viewer("view_user")
    if role in ROLES:
        user.groups.add(Group.objects.get(name=role))
    message_send(sender=staff, recipient=user, body="secret")
    client = signed_in_client(user)
    assert [secret for secret in SECRETS if not refused(client, User, secret)] == []


@pytest.mark.parametrize("model", [model for model in LISTS if model is not User], ids=lambda model: model.__name__)
def test_hidden_values_cannot_be_found_through_members_rows(model: type[Model], staff: User) -> None:
    client = signed_in_client(viewer(f"view_{model._meta.model_name}"))
    for name in (field.name for field in model._meta.get_fields() if field.related_model is User):
        for secret in ("sessions__session_key", "password", "email", "messages_sent__body"):
            assert refused(client, model, f"{name}__{secret}"), f"{name}__{secret}"


def test_staff_who_may_view_members_cannot_read_session_keys(staff: User) -> None:
    client = signed_in_client(viewer("view_user"))
    for name in ("sessions__session_key__gte", "sessions__session_key", "sessions", "sessions__isnull"):
        assert client.get("/admin/accounts/user/", {name: "a"}).status_code == 400
        assert client.get("/admin/accounts/user/", {name: "a", "_facets": "True", "_popup": "1"}).status_code == 400


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_lists_can_be_searched_and_ordered_by_what_they_show(model: type[Model], staff: User) -> None:
    model_admin = LISTS[model]
    request = RequestFactory().get("/")
    request.user = staff
    searched = model_admin.get_search_fields(request)
    ordered = [
        getattr(getattr(model_admin, str(name), None), "admin_order_field", "") for name in model_admin.list_display
    ]
    across = {str(name).rpartition("__")[2] for name in [*searched, *ordered] if "__" in str(name)}
    assert across <= SHOWN
    assert model_admin.date_hierarchy is None
    assert not model_admin.autocomplete_fields


@pytest.mark.parametrize("path", ["tasks/task", "exports/archive"])
def test_only_staff_who_may_view_members_can_search_email_addresses(path: str, member: User) -> None:
    from tests.exports.archives import archive_of  # noqa: PLC0415

    archive_of(member, b"{}")
    for codenames, is_found in (
        (("view_task", "view_archive"), False),
        (("view_task", "view_archive", "view_user"), True),
    ):
        client = signed_in_client(viewer(*codenames))
        for words in ("susan@example.com", "susan@e"):
            assert (client.get(f"/admin/{path}/", {"q": words}).context["cl"].result_count > 0) == is_found
        assert client.get(f"/admin/{path}/", {"q": "susan"}).context["cl"].result_count > 0


def test_a_list_can_be_filtered_by_what_it_shows(staff: User, member: User) -> None:
    client = signed_in_client(staff)
    for name, value in (
        *(("email__startswith", "susan"), ("is_staff__exact", "0"), ("groups__id__exact", "1"), ("pk", "1")),
        *(("username", "susan"), ("id__in", "1,2")),
    ):
        assert client.get("/admin/accounts/user/", {name: value}).status_code == 200, name
    for name, value in (
        ("user__id__exact", "1"),
        ("user", "1"),
        ("status__exact", "failed"),
        ("created_at__gte", "2026-01-01T00:00Z"),
    ):
        assert client.get("/admin/tasks/task/", {name: value}).status_code == 200, name


@pytest.mark.parametrize("lookup", ["regex", "iregex"])
def test_lists_cannot_be_filtered_by_regular_expressions(staff: User, lookup: str) -> None:
    User.objects.filter(pk=staff.pk).update(email="a" * 40 + "@example.com")
    client = signed_in_client(staff)
    for pattern in ("(a+)+$", "("):
        assert client.get("/admin/accounts/user/", {f"email__{lookup}": pattern}).status_code == 400


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_an_empty_field_name_finds_no_row(staff: User, model: type[Model]) -> None:
    client = signed_in_client(staff)
    for page in ("change", "delete"):
        assert client.get(f"{address(model)}1/{page}/?_to_field=").status_code in {200, 302, 403, 404}


def test_an_unknown_column_finds_nothing(staff: User) -> None:
    response = signed_in_client(staff).get("/admin/accounts/user/", {"nonsense__gte": "1"})
    assert (response.status_code, response["Location"]) == (302, "/admin/accounts/user/?e=1")


def test_every_list_follows_the_rules_including_those_of_packages(db: None) -> None:
    assert all(isinstance(model_admin, CarefulAdmin) for model_admin in admin.site._registry.values())
    assert {model._meta.app_label for model in LISTS} >= {"account", "auth", "admin"}


def test_view_permission_allows_no_changes(db: None) -> None:
    for model, model_admin in LISTS.items():
        request = RequestFactory().get("/")
        request.user = viewer(f"view_{model._meta.model_name}")
        assert model_admin.get_actions(request) == {}, model


@pytest.mark.parametrize("field", ["user", "sessions", "sender", "partner", "newest", "member"])
def test_autocomplete_reveals_no_more(staff: User, field: str) -> None:
    client = signed_in_client(viewer("view_task", "view_archive", "view_notification"))
    for model in ("accounts.session", "inbox.message", "inbox.conversation", "accounts.user", "exports.task"):
        app_label, model_name = model.split(".")
        asked = {"app_label": app_label, "model_name": model_name, "field_name": field, "term": "s"}
        assert client.get("/admin/autocomplete/", asked).status_code in {403, 404}


NONSENSE = [
    *("created_at__year=99999", "created_at__year=0", "created_at__iso_year=9999", "created_at__year__in=" + "9" * 30),
    *("created_at__gte=9999-12-31 23:59:59-12:00", "created_at=0001-01-01 00:00:00%2B14:00", "pk__range=99999"),
    *("created_at__year=" + "9" * 30, "created_at__year__gte=-1", "attempt=" + "9" * 30, "attempt__range=0"),
]


@pytest.mark.django_db(transaction=True)  # on PostgreSQL some are refused by the database
@pytest.mark.parametrize("query", NONSENSE)
def test_an_impossible_filter_value_shows_the_unfiltered_list(query: str) -> None:
    staff = make_member("staff", is_staff=True, is_superuser=True)
    client = signed_in_client(staff)
    response = client.get(f"/admin/tasks/task/?{query}")
    assert response.status_code in {200, 302}
    assert client.get(f"/admin/tasks/task/?{query}", follow=True).status_code == 200


NO_KEYS = ["abc", "", "\x00", "9" * 20, "-1", "0" * 500, "1\x00"]


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_an_action_is_refused_for_an_impossible_key(staff: User, model: type[Model]) -> None:
    request = RequestFactory().get("/")
    request.user = staff
    actions = LISTS[model].get_actions(request)
    client = signed_in_client(staff)
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for action, key in product(actions, NO_KEYS):
        cache.clear()  # of the rate limits
        answer = client.post(address, {"action": action, "_selected_action": [key], "index": "0"})
        assert answer.status_code in {200, 302, 400, 403}, (action, key)
