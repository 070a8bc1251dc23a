"""The card on a member's name, as the server makes it."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.members.follows import follow_create
from accounts.models import User
from tests.members import make_member

BACKGROUND = {"x-live-refresh": "1"}


def test_a_card_says_who_it_is_and_offers_to_follow(signed_in: Client, member: User, stranger: User) -> None:
    User.objects.filter(pk=stranger.pk).update(about_me="<b>bold</b> reader")
    card = signed_in.get("/user/STRANGER/card/").content.decode()
    assert 'href="/user/stranger/"' in card
    assert "&lt;b&gt;bold&lt;/b&gt; reader" in card
    assert "0 followers" in card
    assert "<html" not in card
    assert 'action="/user/stranger/follow/"' in card
    follow_create(follower=member, followed=stranger)
    card = signed_in.get("/user/stranger/card/").content.decode()
    assert "1 follower\n" in card
    assert 'action="/user/stranger/unfollow/"' in card


def test_there_is_no_button_on_ones_own_card_or_for_guests(signed_in: Client, stranger: User) -> None:
    assert "<button" not in signed_in.get("/user/susan/card/").content.decode()
    assert "<button" not in Client().get("/user/stranger/card/").content.decode()


@pytest.mark.parametrize("name", ["nobody", "left", "su%00san"])
def test_there_is_no_card_of_nobody(signed_in: Client, name: str) -> None:
    make_member("left", is_active=False)
    assert signed_in.get(f"/user/{name}/card/").status_code == 404


def test_cards_reject_post_requests(signed_in: Client, stranger: User) -> None:
    assert signed_in.post("/user/stranger/card/").status_code == 405


def test_a_card_takes_the_same_queries_however_many_follow(
    signed_in: Client, stranger: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    signed_in.get("/explore/")  # the first page notes when the member was seen
    for _ in range(3):
        with django_assert_num_queries(5):
            signed_in.get("/user/stranger/card/")
        follow_create(follower=make_member(), followed=stranger)


def test_following_from_a_card_leaves_no_words_for_the_next_page(
    signed_in: Client, member: User, stranger: User
) -> None:
    for action, followed in (("follow", [stranger]), ("follow", [stranger]), ("unfollow", [])):
        assert signed_in.post(f"/user/stranger/{action}/", headers=BACKGROUND).status_code == 204
        assert list(member.following.all()) == followed
    page = signed_in.get("/explore/").content.decode()
    assert "You now follow stranger." not in page
    assert "You no longer follow stranger." not in page


def test_the_names_of_authors_have_cards(client: Client, member: User) -> None:
    member.posts.create(body="Hello")
    page = client.get("/explore/").content.decode()
    assert 'data-card="/user/susan/card/"' in page
    assert "accounts/card.js" in page
