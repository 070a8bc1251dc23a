"""Links, names and tags in what members write: found where they are, harmless whatever the text is."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from posts.models import Post
from posts.rich_text import Link, Name, Tag, Text, pieces_of
from posts.templatetags.rich_text import members_named_in, rich_text
from tests.html_reader import Reader
from tests.members import make_member

LINKS = [
    ("see https://example.com.", "https://example.com"),
    ("(https://en.wikipedia.org/wiki/Ada_(language))", "https://en.wikipedia.org/wiki/Ada_(language)"),
    ("HTTP://Example.com:8000/a?b=c&d=%20#e!", "HTTP://Example.com:8000/a?b=c&d=%20#e"),
    ('"https://example.com/x", he said', "https://example.com/x"),
    ("**https://example.com/x**", "https://example.com/x"),
    ("https://bücher.example/straße", "https://bücher.example/straße"),
    ("詳細はhttps://例え.テスト/道。次", "https://例え.テスト/道"),
    ("https://مثال.إختبار/صفحة؟", "https://مثال.إختبار/صفحة؟"),
    ("https://example.com/\u202egnp.exe", "https://example.com/"),
    ("https://example.com\\@evil.example", "https://example.com"),
    ("http://localhost:8000/@susan/#top", "http://localhost:8000/@susan/#top"),
    ("https://example.com/a\nhttps", "https://example.com/a"),
]
NO_LINKS = [
    "https://user:password@evil.example/",
    "https://bank.example@evil.example/@susan",
    "https://bank.example:80@evil.example",
    "https://bank.example%40evil.example",
    "https://bank.example／@evil.example",  # noqa: RUF001
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "xhttps://example.com",
    "https://",
    "https:///path",
    "https://...",
    "https://example.com:99999/",
    "ftp://example.com",
]
HOSTILE = [
    "@",
    "#",
    "https://",
    "https://a/" + "(",
    ")",
    "http://a.",
    "@a.",
    "#1",
    "@a@",
    "&#",
    "\u0301",
    "https://a/)(",
    ".",
]


def links_in(text: str) -> list[str]:
    return [piece.text for piece in pieces_of(text) if isinstance(piece, Link)]


def shown(body: str) -> str:
    """Return the HTML of a body on a page that has no other."""
    return rich_text(body, members_named_in([Post(body=body)]))


@pytest.mark.parametrize(("text", "link"), LINKS)
def test_a_link_ends_where_a_reader_would_end_it(text: str, link: str) -> None:
    assert links_in(text) == [link]


@pytest.mark.parametrize("text", NO_LINKS)
def test_invalid_and_deceptive_urls_are_not_linked(text: str) -> None:
    assert not any(isinstance(piece, Link | Name) for piece in pieces_of(text))


def test_a_link_is_escaped_earns_nothing_and_keeps_its_own_direction() -> None:
    reader = Reader(rich_text("https://example.com/a|b'[c]%zz?q=<#f#g&é"))
    assert reader.elements[0] == (
        "a",
        {
            "class": "link",
            "href": "https://example.com/a%7Cb'%5Bc%5D%25zz?q=",
            "rel": "nofollow noopener ugc",
            "dir": "ltr",
        },
    )
    assert Link("https://é.example/#f#g&é", "https://é.example").address == "https://é.example/#f%23g&%C3%A9"


def test_the_end_of_a_long_link_may_be_hidden_but_never_its_host() -> None:
    classes = [
        Reader(rich_text(link)).elements[0][1]["class"]
        for link in ("https://example.com/", "https://example.com/" + "x" * 60, f"https://{'a.' * 30}example/")
    ]
    assert classes == ["link", "link is-long", "link"]


def test_a_shortened_link_is_whole_when_it_is_read_aloud_or_copied() -> None:
    link = "https://example.com/" + "x" * 60
    assert Reader(rich_text(link)).text == link


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        (
            "#one, #Two! #três #मराठी #می\u200cخواهم #日本語。",  # noqa: RUF001
            ["#one", "#Two", "#três", "#मराठी", "#می\u200cخواهم", "#日本語"],  # noqa: RUF001
        ),
        ("#1 #2026 #² # #- #\ufe0f\u20e3 a#b ##c &#x27; example.com/#d", []),
        ("#1st #snake_case (#in)", ["#1st", "#snake_case", "#in"]),
    ],
)
def test_a_tag_is_a_word_of_any_script_but_no_number(text: str, tags: list[str]) -> None:
    assert [piece.text for piece in pieces_of(text) if isinstance(piece, Tag)] == tags


def test_a_tag_leads_to_the_search_for_it() -> None:
    assert rich_text("#a&b #ñu") == '<a href="/search/?q=%23a">#a</a>&amp;b <a href="/search/?q=%23%C3%B1u">#ñu</a>'


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("@susan", "@susan"),
        ("@SuSaN, hello", "@SuSaN"),
        (".@susan...", "@susan"),
        ("(@susan)", "@susan"),
        ("@susanさん", "@susan"),
        ("@dot.", "@dot."),
    ],
)
def test_a_members_name_leads_to_their_page(member: User, text: str, name: str) -> None:
    dotted = make_member("dot.")
    reader = Reader(shown(text))
    href = (dotted if name == "@dot." else member).get_absolute_url()
    assert reader.elements == [("a", {"href": href, "data-card": f"{href}card/"})]
    assert f">{name}</a>" in shown(text)


@pytest.mark.parametrize(
    "text",
    [
        "@nobody",
        "@gone",
        "me@susan",
        "me+x@susan.example",
        "@susan@elsewhere.example",
        "@susané",
        "@susan2",
        "@@susan",
        "x/@susan",
        "https://example.com/@susan",
        "@" + "susan" * 10,
    ],
)
def test_names_of_inactive_members_are_not_linked(member: User, text: str) -> None:
    make_member("gone", is_active=False)
    assert 'href="/user' not in shown(text)


def test_all_names_of_a_page_take_one_query(
    client: Client, member: User, stranger: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    posts = [Post(body=f"@susan @nobody{n} @Stranger") for n in range(30)]
    with django_assert_num_queries(1):
        assert members_named_in(posts) == {"susan": member, "stranger": stranger}
    with django_assert_num_queries(0):
        assert members_named_in([Post(body="nobody")]) == {}
    member.posts.create(body="Ask @Stranger about #tags on https://example.com/")
    for path in ("/explore/", member.posts.get().get_absolute_url()):
        page = client.get(path).content.decode()
        assert '<a href="/user/stranger/" data-card="/user/stranger/card/">@Stranger</a>' in page
        assert 'href="/search/?q=%23tags"' in page
        assert 'href="https://example.com/"' in page


def test_no_text_can_make_the_query_for_names_long(
    member: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    flood = [Post(body=" ".join(f"@n{n}" for n in range(100_000)))]
    with django_assert_max_num_queries(1) as queries:
        assert members_named_in(flood) == {}
    assert len(queries[0]["sql"]) < 10_000


texts = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=5)), max_size=12).map("".join)


@settings(deadline=None, max_examples=300)
@given(text=texts)
def test_the_text_stays_the_same_and_nothing_but_links_come_of_it(text: str) -> None:
    text = text.replace("\r", "").replace("\x00", "").encode("utf-8", "ignore").decode()
    names = {name: User(username=name) for name in ("a", "a.")}
    reader = Reader(rich_text(text, names))
    assert reader.text == text
    for element, attributes in reader.elements:
        if (element, attributes) == ("span", {"class": "link-rest"}):  # the end of a long link
            continue
        assert element == "a"
        assert str(attributes["href"]).lower().startswith(("http://", "https://", "/user/", "/search/"))
    assert "".join(piece.text for piece in pieces_of(text)) == text


@pytest.mark.parametrize("part", HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_length(part: str) -> None:
    """A text ten times as long may take a hundred times as long only if something is quadratic."""
    short, long = (part * (length // len(part)) for length in (30_000, 300_000))
    assert duration(long) < 40 * max(duration(short), 0.002)


def duration(text: str) -> float:
    """Return the shortest processor time of three, because other processes share the machine."""
    times = []
    for _attempt in range(3):
        start = time.process_time()
        for piece in pieces_of(text):
            assert isinstance(piece, Text | Link | Name | Tag)
        times.append(time.process_time() - start)
    return min(times)
