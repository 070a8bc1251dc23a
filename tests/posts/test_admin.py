import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from posts import admin as posts_admin
from posts.models import Post
from tests.members import make_member

LIST = "/admin/posts/post/"


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


@pytest.mark.parametrize("query", ["susan", "needle"])
def test_posts_are_found_by_member_and_by_words(admin: Client, member: User, stranger: User, query: str) -> None:
    member.posts.create(body="a needle <i>in</i>")
    stranger.posts.create(body="a haystack")
    page = admin.get(LIST, {"q": query}).content.decode()
    assert "needle &lt;i&gt;in" in page
    assert "haystack" not in page


def test_staff_remove_a_post_but_neither_write_nor_change_one(admin: Client, member: User) -> None:
    post = member.posts.create(body="  as it was \n")
    assert admin.get(f"{LIST}add/").status_code == 403
    admin.post(f"{LIST}{post.pk}/change/", {"body": "changed", "author": 1})
    post.refresh_from_db()
    assert post.body == "  as it was \n"
    admin.post(f"{LIST}{post.pk}/delete/", {"post": "yes"})
    assert not Post.objects.exists()


def test_the_number_of_queries_does_not_grow(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        make_member().posts.create(body="x")
    with django_assert_max_num_queries(5):
        admin.get(LIST)


def test_it_counts_no_further_than_needed(admin: Client, member: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts_admin, "MAX_COUNTED", 3)
    Post.objects.bulk_create(Post(author=member, body="x") for _ in range(5))
    assert "3 posts" in admin.get(LIST).content.decode()
