"""Posts brought from elsewhere: folded in lists, marked with where they come from, and without members' names."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.closing.erasure import account_erase
from accounts.models import User
from posts.models import Post, PostOrigin
from posts.services import post_remove, post_restore
from posts.templatetags.rich_text import BEGINNING_LENGTH, FOLDED_LENGTH, FOLDED_LINES, beginning, members_named_in
from tests.html_reader import Reader

URL = "https://social.example/@susan/1"
LONG = "Ask @stranger about #tea at https://example.com/ first. " + "word " * 200 + "the end"
FAMILY = "👩\u200d👩\u200d👧\u200d👦"


def make_imported(author: User, body: str, *, url: str = URL, source: str = "Mastodon") -> Post:
    """Return a new post that was imported."""
    post: Post = author.posts.create(body=body)
    PostOrigin.objects.create(
        post=post, author=author, source=source, source_id=f"1-{post.pk}", url=url, import_id=uuid4()
    )
    return post


def read(client: Client, address: str) -> Reader:
    return Reader(client.get(address).content.decode())


# --- Folding --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x" * FOLDED_LENGTH, "\n".join("x" * FOLDED_LINES), "\n" * 20 + "x" + "\n" * 20])
def test_a_text_hardly_longer_than_its_beginning_is_not_folded(text: str) -> None:
    assert beginning(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\na " + "word " * 100, "a " + "word " * (BEGINNING_LENGTH // 5 - 2) + "word…"),
        ("\n".join("123456789"), "\n".join("123456") + "…"),
        ("x" * 1000, "x" * (BEGINNING_LENGTH - 1) + "…"),
        ("Hi " + "漢" * 1000, "Hi " + "漢" * (BEGINNING_LENGTH - 4) + "…"),
        ("\U0001f1ea\U0001f1f8" * 500 + "x", "\U0001f1ea\U0001f1f8" * (BEGINNING_LENGTH // 2 - 1) + "…"),
        ("xx" + FAMILY * 500, "xx" + FAMILY * (BEGINNING_LENGTH // len(FAMILY) - 1) + "…"),
        ("e" + "\u0301" * 1000, "e" + "\u0301" * (BEGINNING_LENGTH - 1) + "…"),
    ],
)
def test_a_beginning_ends_after_a_word_a_line_or_a_whole_character(text: str, expected: str) -> None:
    assert beginning(text) == expected


def test_a_long_text_is_folded_in_lists_and_whole_within(signed_in: Client, member: User, stranger: User) -> None:
    post = member.posts.create(body=LONG)
    for address in ("/", "/explore/", member.get_absolute_url()):
        page = signed_in.get(address).content.decode()
        summary, whole = page.partition('<details class="more">')[2].partition("</details>")[0].split("</summary>")
        assert [attributes for tag, attributes in Reader(summary).elements if tag == "a"] == []
        assert "Show more" in Reader(summary).text
        assert "Ask @stranger about #tea" in Reader(summary).text
        assert "the end" not in Reader(summary).text
        assert Reader(whole).text.strip() == LONG
        hrefs = [attributes["href"] for tag, attributes in Reader(whole).elements if tag == "a"]
        assert hrefs == [stranger.get_absolute_url(), "/search/?q=%23tea", "https://example.com/"]
    page = signed_in.get(post.get_absolute_url()).content.decode()
    assert 'class="more"' not in page
    assert LONG in Reader(page).text


def test_a_short_post_has_nothing_to_unfold(signed_in: Client, member: User) -> None:
    member.posts.create(body="Short")
    assert 'class="more"' not in signed_in.get("/explore/").content.decode()


def test_a_search_shows_a_long_text_with_its_words_marked(signed_in: Client, member: User) -> None:
    make_imported(member, LONG)
    page = signed_in.get("/search/?q=end").content.decode()
    assert "the <mark>end</mark>" in page
    assert "Imported from Mastodon" in Reader(page).text


def test_thousands_of_marks_on_a_letter_take_no_time_to_show(signed_in: Client, member: User) -> None:
    """Normalizing them takes seconds, and was done three times to shorten the text."""
    post = Post(pk=1, author=member, body="a" + "\u0301\u0327" * 9_999)
    Post.objects.bulk_create([post])
    began = time.thread_time()
    for address in ("/explore/", post.get_absolute_url()):
        assert signed_in.get(address).status_code == 200
    assert time.thread_time() - began < 0.2


# --- The source -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", "/explore/", "/user/susan/", "/search/?q=hello", "/posts/{pk}/"])
def test_an_imported_post_says_where_it_comes_from(signed_in: Client, member: User, address: str) -> None:
    post = make_imported(member, "hello")
    page = read(signed_in, address.format(pk=post.pk))
    assert "Imported from Mastodon" in page.text
    assert ("a", {"class": "text-reset", "href": URL, "rel": "nofollow noopener ugc"}) in page.elements


def test_a_source_without_an_address_is_plain_text(signed_in: Client, member: User) -> None:
    make_imported(member, "hello", url="", source="<i>Old & new</i>")
    page = read(signed_in, "/explore/")
    assert "Imported from <i>Old & new</i>" in page.text
    assert "text-reset" not in [attributes.get("class") for _tag, attributes in page.elements]


def test_a_post_written_here_names_no_source(signed_in: Client, member: User) -> None:
    make_imported(member, "from elsewhere")
    here = member.posts.create(body="from here")
    assert "Imported" not in read(signed_in, here.get_absolute_url()).text
    assert read(signed_in, "/explore/").text.count("Imported") == 1


@pytest.mark.parametrize("body", ["Hi @stranger", LONG])
def test_a_name_in_an_imported_post_is_no_members(signed_in: Client, member: User, stranger: User, body: str) -> None:
    post = make_imported(member, body)
    member.posts.create(body="Who is @stranger?")  # so that the name is known to the page
    for address in ("/", "/explore/", "/user/susan/", post.get_absolute_url()):
        links = [attributes.get("href") for tag, attributes in read(signed_in, address).elements if tag == "a"]
        assert links.count(stranger.get_absolute_url()) == (address != post.get_absolute_url()), address
    assert members_named_in([post]) == {}


# --- Deleting -------------------------------------------------------------------------------------------


def test_the_origin_outlives_a_deleted_post_and_is_its_own_again_after_an_undo(member: User) -> None:
    post = make_imported(member, LONG)
    assert post_remove(author=member, post_id=post.pk)
    assert not Post.objects.exists()
    assert PostOrigin.objects.get().source_id == f"1-{post.pk}"
    assert post_restore(author=member, post_id=post.pk)
    restored = Post.objects.with_authors().get()
    assert restored.body == LONG
    assert restored.origin == PostOrigin.objects.get()


def test_the_origins_are_erased_with_the_account_and_no_others(member: User, stranger: User) -> None:
    make_imported(member, "here")
    post_remove(author=member, post_id=make_imported(member, "deleted before").pk)
    kept = make_imported(stranger, "another's")
    User.objects.filter(pk=member.pk).update(deletion_due_at=timezone.now() - timedelta(days=1))
    assert account_erase(user=member)
    assert list(Post.objects.all()) == [kept]
    assert [origin.post for origin in PostOrigin.objects.all()] == [kept]


# --- Staff ----------------------------------------------------------------------------------------------


def test_staff_can_save_and_delete_a_long_imported_post(client: Client, staff: User, member: User) -> None:
    post = make_imported(member, "long " * 1000)
    client.force_login(staff)
    address = f"/admin/posts/post/{post.pk}"
    assert client.post(f"{address}/change/", {}).status_code == 302
    post.refresh_from_db()
    assert post.body == "long " * 1000
    assert client.post(f"{address}/delete/", {"post": "yes"}).status_code == 302
    assert not Post.objects.exists()
    assert PostOrigin.objects.exists()
