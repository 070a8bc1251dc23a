import pytest
from django.test import Client

from accounts.members.follows import follow_create
from accounts.models import User


def test_anybody_can_read_a_profile(client: Client, member: User) -> None:
    member.about_me = "<b>bold</b> reader"
    member.save()
    member.posts.create(body="Hello")
    page = client.get("/user/susan/").content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt; reader" in page
    assert "Hello" in page


@pytest.mark.parametrize("name", ["nobody", "susa%", "sus_n", "su%00san", "%F0%9F%91%80"])
def test_an_unknown_name_is_404(client: Client, member: User, name: str) -> None:
    response = client.get(f"/user/{name}/")
    assert response.status_code == 404
    assert 'class="site-header"' in response.content.decode()


def test_only_the_owner_can_edit_and_export(signed_in: Client, stranger: User) -> None:
    own = signed_in.get("/user/susan/").content.decode()
    assert 'id="export-posts"' in own
    assert "/accounts/profile/" in own
    other = signed_in.get("/user/stranger/").content.decode()
    assert "export-posts" not in other
    assert 'id="follow"' in other


def test_anonymous_visitors_get_no_buttons(client: Client, member: User) -> None:
    page = client.get("/user/susan/").content.decode()
    assert "<button" not in page.partition("<footer")[0]


def test_it_offers_to_unfollow_a_followed_member(signed_in: Client, member: User, stranger: User) -> None:
    follow_create(follower=member, followed=stranger)
    page = signed_in.get("/user/stranger/").content.decode()
    assert 'id="unfollow"' in page
    assert "1 follower\n" in page


def test_an_empty_profile_says_what_to_do(signed_in: Client, stranger: User) -> None:
    assert "Write your first post" in signed_in.get("/user/susan/").content.decode()
    assert "stranger hasn't written anything yet." in signed_in.get("/user/stranger/").content.decode()
