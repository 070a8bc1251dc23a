"""The permanent address of a post."""

import pytest
from django.conf import settings
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


def test_a_posts_page_says_to_search_engines_what_it_is_and_where(client: Client, member: User) -> None:
    post = member.posts.create(body='Say "it"\nand <b>more</b> ' + "x" * 100)
    head = client.get(post.get_absolute_url()).content.decode().partition("</head>")[0]
    assert f'<link rel="canonical" href="{settings.SITE_URL}/posts/{post.pk}/">' in head
    assert 'content="susan: Say &quot;it&quot;\nand &lt;b&gt;more&lt;/b&gt; x' in head
    assert "noindex" not in head
