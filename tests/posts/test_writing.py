"""Writing a post: what is taken, unchanged, and what is refused, with words."""

import html
import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from posts.models import Post
from posts.validators import MAX_CHARACTERS, count_characters, validate_body
from tests.html_reader import Reader

FAMILY = "👩‍👩‍👧‍👦"
# Whatever a form can carry: line ends arrive as CRLF and are LF again, NUL is refused.
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), min_size=1, max_size=140).filter(
    lambda text: bool(text.strip()) and count_characters(text) <= MAX_CHARACTERS
)
HOSTILE = [
    "</script><script>alert(1)</script>",
    "\"quotes\" & 'apostrophes' <b>tags</b> &amp; &lt;",
    "line\u2028and\u2029paragraph separators",
    "שלום \u202eright to left\u202c مرحبا",
    f"{FAMILY} e\u0301 \U0001f1ea\U0001f1f8 👍🏽",
    "  spaces kept \n\n and lines too\t ",
    "{{ 7 * 7 }} {% now 'Y' %} %s %(a)s {0}",
    '=HYPERLINK("http://evil.example")',
]


@pytest.fixture
def writer(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def publish(client: Client, body: str) -> int:
    return client.post("/", {"body": body}).status_code


def shown(client: Client) -> list[str]:
    """Return the bodies that the page shows, as a browser would read them."""
    page = client.get("/explore/").content.decode()
    return [Reader(text).text for text in re.findall(r'<p class="written" dir="auto">(.*?)</p>', page, re.DOTALL)]


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_text_is_kept_and_shown_unchanged_and_harmless(writer: Client, body: str) -> None:
    assert publish(writer, body) == 302
    assert Post.objects.get().body == body
    assert shown(writer) == [body]
    assert "<script>alert" not in writer.get("/explore/").content.decode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(body=words)
def test_any_text_survives_the_round_trip(writer: Client, body: str) -> None:
    Post.objects.all().delete()
    assert publish(writer, body) == 302
    assert Post.objects.get().body == body
    assert shown(writer) == [body]


def test_the_line_ends_of_a_form_become_plain_ones(writer: Client) -> None:
    publish(writer, "one\r\ntwo")
    assert Post.objects.get().body == "one\ntwo"


@pytest.mark.parametrize("character", ["x", "é", "e\u0301", "👍🏽", FAMILY, "\U0001f1ea\U0001f1f8", "한", "ก็"])
def test_140_characters_exactly_are_taken_and_141_refused(character: str) -> None:
    validate_body(character * MAX_CHARACTERS)
    assert count_characters(character * MAX_CHARACTERS) == MAX_CHARACTERS
    with pytest.raises(ValidationError) as refusal:
        validate_body(character * (MAX_CHARACTERS + 1))
    assert "your text has 141. Shorten it by 1 character." in refusal.value.messages[0]


def test_a_refused_text_is_not_lost(writer: Client) -> None:
    response = writer.post("/", {"body": "y" * 141})
    assert response.status_code == 422
    assert "y" * 141 in response.content.decode()
    assert "Shorten it by 1 character" in response.content.decode()
    assert not Post.objects.exists()


@pytest.mark.parametrize(
    ("body", "words_of_refusal"),
    [
        ("", "can't be blank"),
        (" \n\t\u2003", "can't be blank"),
        ("a\x00b", "NUL character (U+0000). Remove it"),
        ("e" + "\u0301" * 2000, "1400 code points, and your text has 2001"),
    ],
)
def test_an_invalid_post_is_refused_with_a_hint(writer: Client, body: str, words_of_refusal: str) -> None:
    response = writer.post("/", {"body": body})
    assert response.status_code == 422
    assert words_of_refusal in html.unescape(response.content.decode())
    assert not Post.objects.exists()


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ValidationError, match="surrogate"):
        validate_body("\ud83d")


def test_a_stranger_cannot_write(db: None) -> None:
    response = Client().post("/", {"body": "hello"})
    assert response.status_code == 302
    assert not Post.objects.exists()


def test_writing_needs_the_csrf_token(member: User) -> None:
    careless = Client(enforce_csrf_checks=True)
    careless.force_login(member)
    assert publish(careless, "hello") == 403
    assert not Post.objects.exists()
