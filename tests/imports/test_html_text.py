import time

import pytest

from imports.html_text import full_names, html_text

BOB = full_names([("https://o.example/users/bob", "@bob@o.example")])


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two<br>lines<br />more</p>", "one\n\ntwo\nlines\nmore"),
        ("<p>one</p>\n<p>two<br />\nlines\r\nand words</p>\n", "one\n\ntwo\nlines and words"),
        ("before<blockquote>said</blockquote>after", "before\n\nsaid\n\nafter"),
        ("<div>a</div><div>b</div>", "a\n\nb"),
        ("<p>list:</p><ul><li>a</li><li>b</li></ul>end", "list:\n\na\nb\nend"),
        ("<p>a<br><br><br><br>b</p><p></p><p>c</p>", "a\n\nb\n\nc"),
        ("<p>code</p><pre><code>if a:\n    b\n</code></pre><p>end</p>", "code\n\nif a:\n    b\n\nend"),
        ("<p>  two  spaces<br>  and  an indent</p> <p>&nbsp;</p> <p>end</p>", "two  spaces\n  and  an indent\n\nend"),
    ],
)
def test_paragraphs_and_lines_are_those_that_a_reader_saw(html: str, text: str) -> None:
    assert html_text(html, {}) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("&amp;lt; is &lt;, &#39;x&#x27; &eacute;", "&lt; is <, 'x' é"),
        ("1 < 2 > 0 <3", "1 < 2 > 0 <3"),
        ("a<!-- unseen -->b<?xml?>c", "abc"),
        ("<B>bold</B> <custom-tag>x</custom-tag>", "bold x"),
        ('<a title="a > b" href="https://e.example/">x</a>', "x (https://e.example/)"),
        ("<p>never closed <b>", "never closed"),
    ],
)
def test_entities_are_unescaped_once_and_what_is_no_tag_stays(html: str, text: str) -> None:
    assert html_text(html, {}) == text


def test_a_link_is_written_whole() -> None:
    shown = '<span class="invisible">https://</span><span class="ellipsis">e.example</span>/b'
    html = f'see <a href="https://e.example/b?c=1&amp;d=2">{shown}</a>.'
    assert html_text(html, {}) == "see https://e.example/b?c=1&d=2."
    assert html_text('<a href="https://e.example/">https://e.exa…', {}) == "https://e.example/"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("read <a href='https://e.example/a'>my story</a>, all", "read my story (https://e.example/a), all"),
        ('<a href="https://www.e.example/a">e.example/a…</a>', "https://www.e.example/a"),
        ('<a href="https://xn--bcher-kva.example/">https://bücher.example</a>', "https://xn--bcher-kva.example/"),
        ('<a href="https://e.example/"><img src="x"></a>', "https://e.example/"),
        ('<a href="https://evil.example/">bank.example</a>', "bank.example (https://evil.example/)"),
        ('<a href="mailto:a@e.example">write</a>, <a>no address</a>', "write, no address"),
        ('<a href="mailto:a@e.example"></a>', "mailto:a@e.example"),
    ],
)
def test_a_link_keeps_the_words_of_its_author(html: str, text: str) -> None:
    assert html_text(html, {}) == text


def test_a_hashtag_keeps_its_text() -> None:
    assert (
        html_text('<a href="https://m.example/tags/x" class="mention hashtag" rel="tag">#<span>x</span></a>', {})
        == "#x"
    )
    assert html_text('<a href="https://m.example/tags/x" rel="nofollow tag">#x</a>', {}) == "#x"


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ('href="https://o.example/users/bob"', "@bob"),  # the address of the mention
        ('href="https://o.example/@bob"', "@bob"),  # another one at the same host
        ('href="https://social.o.example/@bob"', "@Bob"),  # at another host, and as they wrote it
        ('href="https://x.example/whoever"', "@bob@o.example"),
    ],
)
def test_a_mention_has_its_host(link: str, name: str) -> None:
    assert html_text(f'<a {link} class="u-url mention">@<span>{name[1:]}</span></a>!', BOB) == "@bob@o.example!"


def test_a_mention_of_the_same_server_has_the_host_of_its_address() -> None:
    names = full_names([("https://m.example/users/cleo", "@cleo")])
    assert html_text('<a class="mention" href="https://m.example/@cleo">@cleo</a>', names) == "@cleo@m.example"


def test_a_mention_that_the_post_does_not_list_has_the_host_of_its_link() -> None:
    assert html_text('<a class="mention" href="https://q.example/@dan">@dan</a>', BOB) == "@dan@q.example"
    assert html_text('<a class="mention">@dan</a>', BOB) == "@dan"
    assert full_names([("acct:dan", "@dan")])["acct:dan"] == "@dan"


def test_two_people_of_one_name_are_told_apart() -> None:
    names = full_names(
        [("https://o.example/users/bob", "@bob@o.example"), ("https://p.example/users/bob", "@bob@p.example")]
    )
    html = '<a class="mention" href="https://o.example/@bob">@bob</a> <a class="mention" href="https://p.example/@bob">@bob</a>'
    assert html_text(html, names) == "@bob@o.example @bob@p.example"


def test_a_link_with_the_class_of_mentions_but_no_name_is_a_link() -> None:
    assert (
        html_text('<a class="mention" href="https://o.example/groups/1">group</a>', BOB)
        == "group (https://o.example/groups/1)"
    )


def test_a_quote_stays_as_a_link() -> None:
    html = '<p class="quote-inline">RE: <a href="https://o.example/@bob/1">https://o.example/@b…</a></p><p>True.</p>'
    assert html_text(html, {}) == "RE: https://o.example/@bob/1\n\nTrue."


@pytest.mark.parametrize(
    "unit",
    [
        "<div>",
        "<div></p>",
        '<p><b id="1">',
        "</p><p>x",
        "<a ",
        '<a href="',
        "<a'",
        "<a \"'",
        "<!--",
        "<br>",
        "<a class=",
        "<",
        "&",
        "&#1",
        " ",
        "\n",
    ],
)
def test_hostile_html_takes_time_in_proportion_to_its_length(unit: str) -> None:
    length = 300_000
    begun = time.process_time()
    html_text("<p><b id=2><i>" + unit * (length // len(unit)), {})
    assert time.process_time() - begun < 3  # some tenths of a second; what is quadratic takes minutes
