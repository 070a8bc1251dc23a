"""`manage.py seed_demo`: a demo that can be made again and again."""

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Follow, User
from posts.models import Post
from posts.validators import validate_body
from tests.members import make_member


def test_it_makes_members_follows_and_posts_and_a_second_run_changes_nothing(db: None) -> None:
    call_command("seed_demo", force=True)
    made = (User.objects.count(), Follow.objects.count(), Post.objects.count())
    assert min(made) > 10
    call_command("seed_demo", force=True)
    assert made == (User.objects.count(), Follow.objects.count(), Post.objects.count())


def test_its_posts_could_have_been_written_on_the_site(db: None) -> None:
    call_command("seed_demo", force=True)
    for body in Post.objects.values_list("body", flat=True).distinct():
        validate_body(body)


@pytest.mark.parametrize("name", ["demo", "admin"])
def test_its_members_can_sign_in(db: None, name: str) -> None:
    call_command("seed_demo", force=True)
    response = Client().post("/accounts/login/", {"login": name, "password": f"{name}-microblog"})
    assert response["Location"] == "/"


def test_it_refuses_to_run_in_production(db: None, settings: LazySettings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="in production"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_it_puts_no_words_into_a_real_members_mouth(db: None) -> None:
    make_member("Hana")
    with pytest.raises(CommandError, match="'hana'"):
        call_command("seed_demo", force=True)
    assert not Post.objects.exists()
