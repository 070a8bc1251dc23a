"""`python -m benchmarks.large_site`: as large as asked for, with all of its indexes."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Follow, User
from benchmarks.large_site.making import Scale, make_site
from posts.models import Post
from posts.validators import validate_body


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


def index_names() -> list[str]:
    with connection.cursor() as cursor:
        names = [
            connection.introspection.get_constraints(cursor, model._meta.db_table).keys() for model in (Post, Follow)
        ]
    return sorted(name for group in names for name in group if not name.startswith("__"))
