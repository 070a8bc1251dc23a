"""Every file of an export preserves every text that the site accepts, to the character."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounts.models import User
from exports.formats.messages import Message
from exports.models import Archive
from exports.verification import verify_archive
from inbox.models import Message as InboxMessage
from posts.models import Post
from posts.validators import validate_body, validate_content
from tasks.services.launch import task_launch
from tests.exports.archive_texts import html_text, message_texts, post_texts
from tests.exports.zip_files import TIME, archive_bytes, files_in, rows
from tests.members import FIRST

# All that a text may hold: any character but NUL and half of a surrogate pair.
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
# And often what a format means something by.
SIGNS = "\x7f\r\n\t\"'<>&;,=+-@\\\x1e\x1f\x1c\u2028\u2029\ufeff\ufffe\uffff\ufffd\x85\x80\x0b\x0c "
texts = (
    st.text(characters) | st.text(st.sampled_from(SIGNS)) | st.text(st.characters(min_codepoint=1, max_codepoint=0x9F))
)

CONTROLS = [chr(code) for code in (*range(1, 0x20), *range(0x7F, 0xA0))]
NONCHARACTERS = [
    chr(code)
    for code in (*range(0xFDD0, 0xFDF0), *(plane + 0xFFFE + i for plane in range(0, 0x110000, 0x10000) for i in (0, 1)))
]
SEPARATORS = [
    "\u2028",
    "\u2029",
    "\u200b",
    "\u200e",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\ufffd",
    "\ufffc",
    "\u00ad",
    "\U000e0001",
    "\ue000",
]
WORDS = [
    "a\r\nb\rc\nd\r",
    "\r",
    "&#13;&amp;&#127;&lt;br /&gt;",
    "a<br>b<br />c",
    r"\u007f \x7f \\ \" \r \n",
    "'=1+1",
    "'",
    "''",
    "=1+1",
    '"quoted", and\x7f"more"',
    '\x7f","body":"',
    '\x7f},{"body":"',
    "\x7f</p></article><article id=p9>\x7f",
    "  two  spaces  ",
    "</script><script>]]>-->",
]
TEXTS = [
    *WORDS,
    *(
        f"{before}{sign}{after}"
        for sign in CONTROLS + NONCHARACTERS + SEPARATORS
        for before, after in (("a", "b"), ("", "b"), ("a", ""))
    ),
]


def test_the_site_accepts_all_of_these() -> None:
    for text in filter(str.strip, TEXTS):
        validate_content(text)


@pytest.mark.processes
@examples(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(texts, min_size=1, max_size=6))
@example(TEXTS)
@example(["one", "del\x7fete", "two"])
@example(["\x7f"])
@example(["\x7f", "\x7f"])
@example(["\r\n", "a"])
def test_every_file_preserves_the_texts(bodies: list[str]) -> None:
    messages = [Message("susan", "john", body, TIME, number) for number, body in enumerate(bodies, 1)]
    files = files_in(archive_bytes(rows(*bodies), messages, about_me=bodies[0]))
    for form, read in {**post_texts(files), **message_texts(files)}.items():
        assert read == bodies, form
    assert json.loads(files["profile.json"])["about_me"] == bodies[0]
    summary = json.loads(files["actor.json"])["summary"]
    assert (html_text(summary) if bodies[0] else summary) == bodies[0]


@pytest.mark.processes
@pytest.mark.parametrize("character", ["\x01", "&", '"', "\n", "漢", "&" + "\U000e0100" * 9])
def test_the_longest_imported_posts_are_whole_in_a_sound_archive(character: str, tmp_path: Path) -> None:
    bodies = [f"{number}{character * 4_999}" for number in range(5)]
    for body in bodies:
        validate_body(body, 5_000)  # IMPORT_BODY_LIMIT
    file = tmp_path / "archive.zip"
    file.write_bytes(archive_bytes(rows(*bodies)))
    assert verify_archive(file).counts["posts"] == len(bodies)
    for form, read in post_texts(files_in(file.read_bytes())).items():
        assert read == bodies, form


@pytest.mark.parametrize("kind", ["export_archive", "export_posts"])
def test_a_database_gives_back_what_it_was_given(susan: User, john: User, work: Callable[[], None], kind: str) -> None:
    susan.posts.all().delete()
    moments = [FIRST + timedelta(minutes=minute) for minute in range(len(TEXTS))]
    pairs = list(zip(TEXTS, moments, strict=True))
    Post.objects.bulk_create(Post(author=susan, body=text, timestamp=moment) for text, moment in pairs)
    InboxMessage.objects.bulk_create(
        InboxMessage(sender=john, recipient=susan, body=text, timestamp=moment) for text, moment in pairs
    )
    User.objects.filter(pk=susan.pk).update(about_me="a\x7f\r\nb\u2028")
    task = task_launch(user=susan, name=kind)
    work()
    with Archive.objects.get(task=task).file.open("rb") as file:
        data = file.read()
    if kind == "export_posts":
        assert [post["body"] for post in json.loads(data)["posts"]] == TEXTS
        return
    files = files_in(data)
    for form, read in {**post_texts(files), **message_texts(files)}.items():
        assert read == TEXTS, form
    assert json.loads(files["profile.json"])["about_me"] == "a\x7f\r\nb\u2028"
