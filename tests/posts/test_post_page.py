"""The permanent address of a post."""

import pytest
from django.test import Client

from accounts.models import User


def test_anybody_can_read_a_post_at_its_address(client: Client, member: User) -> None:
    post = member.posts.create(body="Read me <b>here</b>")
    assert post.get_absolute_url() == f"/posts/{post.pk}/"
    page = client.get(f"/posts/{post.pk}/").content.decode()
    assert "Read me &lt;b&gt;here&lt;/b&gt;" in page
    assert f'href="{member.get_absolute_url()}"' in page


def test_lists_link_each_post_to_its_address(client: Client, member: User) -> None:
    post = member.posts.create(body="Find me")
    assert f'href="/posts/{post.pk}/"' in client.get("/explore/").content.decode()


@pytest.mark.parametrize("pk", [0, 987_654, 10**30])
def test_a_post_that_is_not_there_is_not_found(client: Client, db: None, pk: int) -> None:
    assert client.get(f"/posts/{pk}/").status_code == 404


def test_a_post_of_a_member_who_was_locked_out_is_not_shown(client: Client, member: User) -> None:
    post = member.posts.create(body="Gone")
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert client.get(post.get_absolute_url()).status_code == 404


def test_a_post_is_not_changed_at_its_address(client: Client, member: User) -> None:
    post = member.posts.create(body="Stay")
    assert client.post(post.get_absolute_url()).status_code == 405
