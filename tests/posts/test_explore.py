from django.test import Client

from accounts.models import User


def test_it_shows_everybodys_posts_newest_first(client: Client, member: User, stranger: User) -> None:
    member.posts.create(body="The older one")
    stranger.posts.create(body="The newer one")
    page = client.get("/explore/").content.decode()
    assert page.index("The newer one") < page.index("The older one")


def test_visitors_are_invited_and_members_are_not(client: Client, member: User) -> None:
    assert "download all your data" in client.get("/explore/").content.decode()
    client.force_login(member)
    assert "download all your data" not in client.get("/explore/").content.decode()


def test_an_empty_site_says_so(client: Client, db: None) -> None:
    assert "No posts yet." in client.get("/explore/").content.decode()
