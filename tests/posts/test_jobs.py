"""Rebuilding the search index while members write, however often the worker stops or dies."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from posts.models import Post
from posts.periodic import remove_unfinished_indexes
from posts.search import sqlite
from posts.search.interface import find
from posts.search.query import Query
from posts.search.table import MEMBERS, POSTS, Table
from tasks import runner
from tasks.models import Task
from tasks.services.transitions import task_cancel
from tests.interruptions import (
    die_after_each_checkpoint,
    die_before_each_checkpoint,
    interrupt_at_each_checkpoint,
    run_to_its_first_checkpoint,
)
from tests.members import make_member
from tests.posts.test_search import index_is_sound

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL rebuilds an index in one statement")


def found(text: str, table: Table = POSTS) -> set[int]:
    return set(find(table, Query.parse(text)).ids)


def holding(word: str) -> set[int]:
    return set(Post.objects.filter(body__contains=word).values_list("pk", flat=True))


@pytest.fixture
def task(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A rebuild, in batches of ten, of a sound index."""
    monkeypatch.setattr(sqlite, "BATCH", 10)
    author = make_member("anna")
    make_member("bert")
    Post.objects.bulk_create(Post(author=author, body=f"cake {n}") for n in range(35))
    return Task.objects.create(name="rebuild_search_index")


def writes(author: User) -> Callable[[], None]:
    """Return a function that writes, changes and deletes posts at both ends, as members do meanwhile."""
    numbers = count()

    def write() -> None:
        number = next(numbers)
        author.posts.create(body=f"tea {number}")
        first, last = Post.objects.order_by("pk")[2 * number], Post.objects.order_by("-pk")[5]
        for post in (first, last):
            Post.objects.filter(pk=post.pk).update(body=f"{post.body} changed")
        Post.objects.order_by("pk")[1].delete()
        Post.objects.order_by("-pk")[3].delete()
        User.objects.filter(username="bert").update(about_me=f"baker {number}")

    return write


@pytest.mark.parametrize("run", [interrupt_at_each_checkpoint, die_before_each_checkpoint, die_after_each_checkpoint])
def test_the_new_index_is_whole_however_its_making_was_interrupted(task: Task, run: Callable[..., Any]) -> None:
    checkpoints = run(task, meanwhile=writes(User.objects.get(username="anna")))
    assert len(checkpoints) >= (2 if connection.vendor == "sqlite" else 1)
    for word in ("cake", "tea", "changed"):
        assert found(word) == holding(word)
    assert found("bert", MEMBERS) == found("baker", MEMBERS) == {User.objects.get(username="bert").pk}
    assert task.done >= Post.objects.count()
    assert connection.vendor != "sqlite" or index_is_sound()


@on_sqlite
def test_more_posts_can_be_deleted_than_the_new_index_has(task: Task) -> None:
    """SQLite calls an index corrupt that forgets more than it holds, and the member could not delete the post."""
    run_to_its_first_checkpoint(task)
    for post in Post.objects.order_by("-pk")[:15]:
        post.delete()
    runner.run(str(task.pk))
    assert found("cake") == holding("cake")
    assert index_is_sound()


@on_sqlite
def test_it_mends_a_damaged_index(task: Task) -> None:
    missed = Post.objects.order_by("pk")[20]
    forget = "INSERT INTO posts_post_words (posts_post_words, rowid, words) VALUES ('delete', %s, %s)"
    with connection.cursor() as cursor:
        cursor.execute(forget, [missed.pk, missed.body])
    assert found("cake") == holding("cake") - {missed.pk}
    runner.run(str(task.pk))
    assert found("cake") == holding("cake")


def test_the_triggers_continue_afterwards(task: Task) -> None:
    runner.run(str(task.pk))
    post = Post.objects.all()[0]
    Post.objects.filter(pk=post.pk).update(body="biscuit")
    assert found("biscuit") == {post.pk}
    post.delete()
    assert not found("biscuit")


@on_sqlite
def test_the_old_index_answers_until_the_new_one_is_whole(task: Task) -> None:
    kept = Post.objects.create(author=User.objects.get(username="anna"), body="biscuit")
    answers = []
    interrupt_at_each_checkpoint(task, meanwhile=lambda: answers.append(found("biscuit")))
    assert answers == [{kept.pk}] * len(answers)


def half_built() -> set[str]:
    return {name for name in connection.introspection.table_names() if "_words_new" in name or "_position" in name}


@on_sqlite
def test_the_housekeeping_removes_what_an_unfinished_rebuild_left(task: Task) -> None:
    run_to_its_first_checkpoint(task)
    remove_unfinished_indexes()
    assert half_built()
    task_cancel(task)
    remove_unfinished_indexes()
    assert not half_built()
    author = User.objects.get(username="anna")
    kept = author.posts.create(body="biscuit")
    assert found("biscuit") == {kept.pk}
