"""`manage.py seed_demo`: a demo that can be made again and again."""

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import Follow, User
from posts.demo.scale import Scale, make_site
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


def test_in_production_it_refuses(db: None, settings: LazySettings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="in production"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_it_puts_no_words_into_a_real_members_mouth(db: None) -> None:
    make_member("Hana")
    with pytest.raises(CommandError, match="'hana'"):
        call_command("seed_demo", force=True)
    assert not Post.objects.exists()


def test_a_large_site_has_the_sizes_asked_for_and_its_indexes_again(db: None) -> None:
    before = index_names()
    make_site(Scale(members=60, posts=500, follows=400))
    assert User.objects.count() == 60
    assert Post.objects.count() == 500
    assert 200 <= Follow.objects.count() <= 600
    assert index_names() == before
    with pytest.raises(IntegrityError), transaction.atomic():
        Follow.objects.create(follower=Follow.objects.all()[0].follower, followed=Follow.objects.all()[0].followed)


def test_in_a_large_site_few_do_most_and_everybody_follows_the_first(db: None) -> None:
    make_site(Scale(members=60, posts=500, follows=400))
    first, last = (User.objects.get(username=f"member{number}") for number in (1, 60))
    assert first.followed_by.count() == 59
    assert first.posts.count() > 2 * last.posts.count()
    for body in Post.objects.values_list("body", flat=True).distinct():
        validate_body(body)


def test_a_second_large_site_is_not_put_on_top_of_the_first(db: None) -> None:
    for _ in range(2):
        call_command("seed_demo", force=True, scale=True, members=10, posts=20, follows=20)
    assert User.objects.filter(username__startswith="member").count() == 10


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_size_that_is_none_is_refused(db: None, number: str) -> None:
    with pytest.raises(CommandError, match="--members"):
        call_command("seed_demo", "--scale", "--members", number, force=True)
    assert not User.objects.exists()


def index_names() -> list[str]:
    with connection.cursor() as cursor:
        names = [
            connection.introspection.get_constraints(cursor, model._meta.db_table).keys() for model in (Post, Follow)
        ]
    return sorted(name for group in names for name in group if not name.startswith("__"))
