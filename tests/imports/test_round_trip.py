"""What this software exports it imports again, to the character: here, and on another site."""

import json
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounts.models import User
from exports.models import Archive
from imports.services.uploads import import_upload
from posts.models import Post, PostOrigin
from posts.validators import validate_body
from tasks import runner
from tasks.services.launch import task_launch
from tests.exports.test_exactness import TEXTS, texts
from tests.exports.zip_files import files_in
from tests.imports.conftest import Upload, again, imported
from tests.members import FIRST

pytestmark = pytest.mark.usefixtures("redis_queue")

KINDS = {"export_posts": "posts.json", "export_archive": "archive.zip"}
"""The jobs of both exports, and what a file of theirs is called."""


def is_accepted(text: str) -> bool:
    """Return whether the site takes it for a post."""
    try:
        validate_body(text)
    except ValidationError:
        return False
    return True


some_posts = st.lists(st.tuples(texts.filter(is_accepted), st.integers(0, 3)), min_size=1, max_size=8)
"""Texts and microseconds: some of one moment, in the order in which they were written."""


def write(user: User, posts: list[tuple[str, int]]) -> None:
    Post.objects.bulk_create(
        Post(author=user, body=body, timestamp=FIRST + timedelta(microseconds=moment)) for body, moment in posts
    )


def exported(user: User, kind: str) -> bytes:
    """Return the file that the member gets."""
    task = task_launch(user=user, name=kind)
    runner.run(str(task.pk))
    with Archive.objects.get(task=task).file.open("rb") as file:
        return bytes(file.read())


def forget_all() -> None:
    Post.objects.all().delete()
    PostOrigin.objects.all().delete()


@examples(
    deadline=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(some_posts)
@example([(text, 0) for text in TEXTS if is_accepted(text)])
@example([("same", 1), ("same", 1), ("other", 1), ("same", 0)])
def test_posts_are_the_same_bytes_after_export_and_import(
    susan: User, upload: Upload, posts: list[tuple[str, int]]
) -> None:
    forget_all()
    write(susan, posts)
    files = {name: exported(susan, kind) for kind, name in KINDS.items()}
    before = files["posts.json"]
    assert len(json.loads(before)["posts"]) == len(posts)
    assert files_in(files["archive.zip"])["posts.json"] == before
    for name, content in files.items():
        forget_all()
        assert imported(upload(content, name)).report["imported"] == len(posts)
        assert exported(susan, "export_posts") == before


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_adds_nothing_where_its_posts_still_are(susan: User, upload: Upload, kind: str) -> None:
    write(susan, [("same", 0), ("same", 0), ("later", 1)])
    before = list(Post.objects.order_by("pk").values_list())
    read = upload(exported(susan, kind), KINDS[kind])
    assert (read.preview["new"], read.preview["known"]) == (0, len(before))
    assert (imported(read).report["imported"], again(read).report["known"]) == (0, len(before))
    assert list(Post.objects.order_by("pk").values_list()) == before
    assert not PostOrigin.objects.exists()


def test_posts_of_another_site_say_which_one(susan: User, john: User, settings: LazySettings) -> None:
    settings.SITE_URL = "https://old.example"
    content = exported(susan, "export_archive")
    texts_there = list(susan.posts.order_by("pk").values_list("body", flat=True))
    settings.SITE_URL = "https://new.example"
    read, task = import_upload(user=john, file=SimpleUploadedFile("archive.zip", content))
    runner.run(str(task.pk))
    read = again(read)
    assert (read.source, read.owner) == ("Microblog (https://old.example)", "@susan@old.example")
    assert imported(read).report["imported"] == len(texts_there) == 3
    assert list(john.posts.order_by("pk").values_list("body", flat=True)) == texts_there
    origins = PostOrigin.objects.values_list("source", "author").distinct()
    assert list(origins) == [("Microblog (https://old.example)", john.pk)]
