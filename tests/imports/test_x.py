"""X's archives of all ages. The first fixture is that of FORMATS.md."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pytest

from imports import tweets
from imports.archives.archive import Archive, ArchiveError, open_archive
from imports.reader import Found, Kind, Skipped
from imports.readers import x
from imports.readers.x import XReader
from imports.reasons import Reason
from tests.imports.reading import entries_of, label_of, posts_of, skipped_of, zip_of_files

ACCOUNT = (
    'window.YTD.account.part0 = [ {"account":{"email":"a@example.org","createdVia":"web","username":"ada",'
    '"accountId":"42","createdAt":"2006-11-15T16:55:59.000Z","accountDisplayName":"Ada"}} ]'
)
TWEETS = r"""window.YTD.tweets.part0 = [
 {"tweet":{"id_str":"1050118621198921728","created_at":"Wed Oct 10 20:19:24 +0000 2018","full_text":"Fish &amp; chips &lt;3 https://t.co/aaaaaaaaaa 🐟🏽","entities":{"urls":[{"url":"https://t.co/aaaaaaaaaa","expanded_url":"https://example.org/?a=1&b=2","display_url":"example.org/?a=1…","indices":["26","49"]}],"user_mentions":[]},"retweeted":false}},
 {"tweet":{"id_str":"1050118621198921729","created_at":"Wed Oct 10 20:19:24 +0000 2018","full_text":"RT @bob: something that was cut off at the e…","entities":{"urls":[],"user_mentions":[{"screen_name":"bob","id_str":"-1","indices":["3","7"]}]}}},
 {"tweet":{"id_str":"1050118621198921730","created_at":"Wed Oct 10 20:20:00 +0000 2018","full_text":"@bob not for everyone","in_reply_to_user_id_str":"77","in_reply_to_screen_name":"bob","entities":{"urls":[]}}},
 {"tweet":{"id_str":"1050118621198921731","created_at":"Wed Oct 10 20:21:00 +0000 2018","full_text":"my thread, part two","in_reply_to_status_id_str":"1050118621198921728","in_reply_to_user_id_str":"42","entities":{"urls":[]}}},
 {"tweet":{"id_str":"1593387213315784704","created_at":"Thu Nov 17 23:34:50 +0000 2022","full_text":"tpyo","entities":{"urls":[]},"edit_info":{"initial":{"editTweetIds":["1593387213315784704","1593387300000000000"],"editableUntil":"2022-11-18T00:04:50.000Z","editsRemaining":"4","isEditEligible":true}}}},
 {"tweet":{"id_str":"1593387300000000000","created_at":"Thu Nov 17 23:35:10 +0000 2022","full_text":"typo","entities":{"urls":[]},"edit_info":{"edit":{"initialTweetId":"1593387213315784704"}}}},
 {"tweet":{"id_str":"1700000000000000000","created_at":"Fri Sep 08 02:00:00 +0000 2023","full_text":"A long one that goes on and on https://t.co/bbbbbbbbbb","entities":{"urls":[{"url":"https://t.co/bbbbbbbbbb","expanded_url":"https://twitter.com/i/web/status/1700000000000000000","indices":["0","1"]}]}}}
]
"""  # noqa: E501
NOTES = (
    'window.YTD.note_tweet.part0 = [ {"noteTweet":{"noteTweetId":"1","createdAt":"2023-09-08T02:00:00.000Z",'
    '"updatedAt":"2023-09-08T02:00:00.000Z","core":{"text":"A long one that goes on and on and on, to the end.",'
    '"urls":[],"mentions":[],"hashtags":[]}}} ]'
)
DELETED = (
    'window.YTD.deleted_tweets.part0 = [ {"tweet":{"id_str":"1700000000000000001","created_at":'
    '"Fri Sep 08 02:00:01 +0000 2023","full_text":"SECRET","deleted_at":"2023-09-09T00:00:00.000Z"}} ]'
)
FIRST, SECOND, THIRD = 1593387213315784704, 1593387300000000000, 1593387400000000000
NOON = "Fri Sep 08 12:00:00 +0000 2023"


def script(name: str, items: list[Any]) -> str:
    return f"window.YTD.{name}.part0 = {json.dumps(items)}"


def tweet(full_text: Any = "hello", number: Any = 1700000000000000000, **fields: Any) -> dict[str, Any]:
    return {"id_str": str(number), "created_at": NOON, "full_text": full_text} | fields


def urls(*pairs: tuple[str, Any]) -> dict[str, Any]:
    return {"urls": [{"url": url, "expanded_url": expanded} for url, expanded in pairs]}


def note(text: Any, created: Any = "2023-09-08T12:00:00.500Z", *, links: Any = ()) -> dict[str, Any]:
    return {"noteTweet": {"createdAt": created, "core": {"text": text, "urls": links}}}


def archive_of(*items: Any, notes: list[Any] | None = None, files: dict[str, Any] | None = None) -> bytes:
    wrapped = [{"tweet": item} for item in items]
    contents = {"data/account.js": ACCOUNT, "data/tweets.js": script("tweets", wrapped)}
    if notes is not None:
        contents["data/note-tweet.js"] = script("note_tweet", notes)
    return zip_of_files(contents | (files or {}))


def bodies(*items: Any, notes: list[Any] | None = None) -> list[str]:
    return [post.body for post in posts_of(archive_of(*items, notes=notes))]


def body(*args: Any, **fields: Any) -> str:
    [text] = bodies(tweet(*args, **fields))
    return text


def reasons(*items: Any) -> list[Reason]:
    return [entry.reason for entry in skipped_of(archive_of(*items))]


@contextmanager
def reader_for(content: bytes) -> Iterator[XReader]:
    with open_archive(io.BytesIO(content), "archive.zip") as archive:
        yield XReader(archive)


def manifest(files: Any = (), *, kind: str = "tweets", **info: Any) -> str:
    content = {"archiveInfo": info, "dataTypes": {kind: {"files": files}}}
    return "window.__THAR_CONFIG = " + json.dumps(content)


def test_the_fixture_gives_exactly_these_posts_and_reasons() -> None:
    files = {"account": ACCOUNT, "tweets": TWEETS, "note-tweet": NOTES, "deleted-tweets": DELETED}
    content = zip_of_files({f"data/{name}.js": text for name, text in files.items()})
    posts = [(post.kind, post.written_at.isoformat(), post.body) for post in posts_of(content)]
    assert posts == [
        (Kind.PUBLIC, "2018-10-10T20:19:24+00:00", "Fish & chips <3 https://example.org/?a=1&b=2 🐟🏽"),
        (Kind.REPLY, "2018-10-10T20:20:00+00:00", "@bob not for everyone"),
        (Kind.THREAD, "2018-10-10T20:21:00+00:00", "my thread, part two"),
        (Kind.PUBLIC, "2022-11-17T23:34:50+00:00", "typo"),
        (Kind.PUBLIC, "2023-09-08T02:00:00+00:00", "A long one that goes on and on and on, to the end."),
    ]
    skipped = skipped_of(content)
    assert [entry.reason for entry in skipped] == [Reason.DELETED, Reason.BOOST, Reason.OLDER_VERSION]
    assert "SECRET" not in repr(entries_of(content))


def test_a_post_says_where_it_was_and_its_place_in_the_order() -> None:
    [post] = posts_of(archive_of(tweet(number=1050118621198921728)))
    assert (post.source_id, post.order) == ("1050118621198921728", 1050118621198921728)
    assert post.url == "https://x.com/i/web/status/1050118621198921728"


GRAILBIRD = {"created_at": "2015-08-18 14:56:30 +0000", "id": 633650000000000001, "text": "hello"}
LAYOUTS: dict[str, dict[str, Any]] = {
    "Grailbird": {
        "data/js/tweets/2015_08.js": "Grailbird.data.tweets_2015_08 = " + json.dumps([GRAILBIRD]),
        "data/js/tweets/2015_09.js": "Grailbird.data.tweets_2015_09 = \n" + json.dumps([GRAILBIRD | {"id": 7}]),
    },
    "2019": {"tweet.js": script("tweet", [{"entities": {}} | tweet(), tweet(number=7)])},
    "2020": {"data/tweet.js": script("tweet", [{"tweet": tweet()}, {"tweet": tweet(number=7)}])},
    "parts": {
        "data/tweets.js": script("tweets", [{"tweet": tweet()}]),
        "data/tweets-part1.js": f"window.YTD.tweets.part1={json.dumps([{'tweet': tweet(number=7)}])};\n",
    },
    "packed again": {
        "twitter-2026/data/tweets.js": script("tweets", [{"tweet": tweet()}, {"tweet": tweet(number=7)}]),
        "__MACOSX/twitter-2026/data/._tweets.js": b"\x00\x05\x16\x07",
        ".DS_Store": b"\x00",
    },
}


@pytest.mark.parametrize("files", LAYOUTS.values(), ids=LAYOUTS)
def test_archives_of_all_ages_are_read(files: dict[str, Any]) -> None:
    content = zip_of_files(files)
    assert label_of(content) == "X"
    assert [post.body for post in posts_of(content)] == ["hello", "hello"]
    assert posts_of(content)[1].source_id == "7"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_of_tweets_is_read_by_itself_in_any_encoding_and_under_any_name(encoding: str) -> None:
    content = TWEETS.encode(encoding)
    assert label_of(content, "download (1).txt") == "X"
    assert posts_of(content, "download (1).txt")[0].body.endswith("🐟🏽")


@pytest.mark.parametrize(
    "content", [DELETED, script("twitter_circle_tweet", []), script("like", []), '{"tweets": []}', NOTES]
)
def test_other_files_by_themselves_are_not_recognised(content: str) -> None:
    assert label_of(content.encode(), "tweets.js") is None


def test_an_archive_without_tweets_is_recognised_by_its_manifest() -> None:
    assert label_of(zip_of_files({"data/manifest.js": manifest()})) == "X"
    assert entries_of(zip_of_files({"data/manifest.js": manifest()})) == []
    assert label_of(zip_of_files({"manifest.js": "{}", "tweets.js": "export {}"})) is None


def test_the_manifest_tells_the_parts_and_the_total() -> None:
    listed = [
        {"fileName": "data/tweets.js", "count": "1"},
        {"fileName": "data/tweets.part1.js", "count": "2"},
        {"fileName": "data/tweets-part9.js", "count": "90000"},
    ]
    content = archive_of(
        tweet("one"),
        files={
            "data/tweets.part1.js": script("tweets", [tweet("two", 2), tweet("three", 3)]),
            "data/manifest.js": manifest(listed),
        },
    )
    assert [post.body for post in posts_of(content)] == ["one", "two", "three"]
    with reader_for(content) as reader:
        assert reader.expected() == 3  # not those of the other ZIP


def test_the_total_counts_what_is_left_out_and_the_old_names_of_files() -> None:
    deleted = manifest([{"fileName": "data/deleted-tweets.js", "count": "1"}], kind="deletedTweets")
    with reader_for(zip_of_files({"data/deleted-tweets.js": DELETED, "data/manifest.js": deleted})) as reader:
        assert reader.expected() == 1
    old = manifest([{"fileName": "tweet.js", "count": "2"}], kind="tweet")
    with reader_for(zip_of_files({"top/tweet.js": LAYOUTS["2019"]["tweet.js"], "top/manifest.js": old})) as reader:
        assert reader.expected() == 2


def test_an_archive_without_a_manifest_does_not_say_its_total() -> None:
    with reader_for(archive_of(tweet())) as reader:
        assert reader.expected() == 0
        assert not reader.is_partial()


@pytest.mark.parametrize(("value", "expected"), [(True, True), ("true", True), (False, False), ("false", False)])
def test_the_manifest_says_whether_there_is_another_zip(value: object, expected: bool) -> None:
    content = archive_of(files={"data/manifest.js": manifest(isPartialArchive=value)})
    with reader_for(content) as reader:
        assert reader.is_partial() is expected


def test_the_owner_is_the_user_name() -> None:
    with reader_for(archive_of()) as reader:
        assert reader.owner() == "@ada"


@pytest.mark.parametrize("account", [[], {}, [7], [{"account": {"username": "<b>" * 99}}], [{"account": {}}]])
def test_an_account_that_is_damaged_has_no_owner(account: object) -> None:
    text = f"window.YTD.account.part0 = {json.dumps(account)}"
    with reader_for(archive_of(files={"data/account.js": text})) as reader:
        assert reader.owner() == ""
    assert len(posts_of(archive_of(tweet(), files={"data/account.js": text}))) == 1


def test_only_the_files_needed_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = set()
    really_open = Archive.open

    def note_and_open(archive: Archive, name: str) -> BinaryIO:
        opened.add(name.removeprefix("data/"))
        return really_open(archive, name)

    monkeypatch.setattr(Archive, "open", note_and_open)
    private = ("like", "direct-messages", "ip-audit", "profile", "tweet-headers", "deleted-tweet-headers")
    listed = [{"fileName": "data/direct-messages.js", "count": "1"}]
    files = {f"data/{name}.js": "SECRET" for name in private} | {"data/manifest.js": manifest(listed)}
    content = archive_of(tweet(), notes=[], files=files)
    assert len(entries_of(content)) == 1
    with reader_for(content) as reader:
        assert reader.owner()
    assert opened == {"manifest.js", "account.js", "tweets.js", "note-tweet.js"}


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("Wed Oct 10 20:19:24 +0000 2018", datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC)),
        ("Mon Dec 31 23:30:00 -0100 2018", datetime(2019, 1, 1, 0, 30, tzinfo=UTC)),
        ("2015-08-18 14:56:30 +0000", datetime(2015, 8, 18, 14, 56, 30, tzinfo=UTC)),
    ],
)
def test_times_of_all_ages_are_read(created: str, expected: datetime) -> None:
    [post] = posts_of(archive_of(tweet(created_at=created)))
    assert post.written_at == expected


@pytest.mark.parametrize(
    "created",
    [None, 7, "", "yesterday", "Wed Okt 10 20:19:24 +0000 2018", "0001-01-01 00:00:00 +1400", "2015-08-18 14:56 :30"],
)
def test_a_tweet_without_a_time_is_left_out_and_stops_nothing(created: object) -> None:
    damaged, post = entries_of(archive_of(tweet(created_at=created), tweet(number=7)))
    assert damaged == Skipped(Reason.BAD_TIME, "https://x.com/i/web/status/1700000000000000000")
    assert isinstance(post, Found)


@pytest.mark.parametrize(
    ("text", "links", "expected"),
    [
        ("https://t.co/a https://t.co/ab", [("https://t.co/a", "https://a.example/")], "https://a.example/ https://t.co/ab"),
        ("見てhttps://t.co/aねえ", [("https://t.co/a", "https://a.example/")], "見てhttps://a.example/ねえ"),
        ("x https://t.co/a", [("https://t.co/a", "https://a.example/?b&copy=1")], "x https://a.example/?b&copy=1"),
        ("x https://t.co/a", [("https://t.co/a", "https://t.co/b"), ("https://t.co/b", "https://c.example")], "x https://t.co/b"),
        ("x https://t.co/a", [("https://t.co/a", "javascript:alert()")], "x https://t.co/a"),
        ("x https://t.co/a", [("https://t.co/a", "https://a.example/" + "a" * 5000)], "x https://t.co/a"),
        ("x https://t.co/a", [("https://t.co/a", None)], "x https://t.co/a"),
        ("it is &amp;lt; twice", [], "it is &lt; twice"),
        ("two\n\nlines", [], "two\n\nlines"),
    ],
)  # fmt: skip
def test_texts_have_real_links_and_are_unescaped_once(text: str, links: list[Any], expected: str) -> None:
    assert body(text, entities=urls(*links)) == expected


def test_a_text_of_links_cannot_fill_the_memory() -> None:
    text = body("https://t.co/a " * 50_000, entities=urls(("https://t.co/a", "https://a.example/" + "a" * 4000)))
    assert len(text) < 6_000_000


def test_pictures_are_counted_and_their_link_is_removed() -> None:
    one = {"url": "https://t.co/pic", "type": "photo"}
    entities = {"urls": [], "media": [one]}
    posts = posts_of(
        archive_of(
            tweet("look https://t.co/pic", entities=entities, extended_entities={"media": [one, one, one]}),
            tweet("see https://t.co/pic there", number=7, entities=entities),
        )
    )
    assert [(post.body, post.pictures) for post in posts] == [("look", 3), ("see there", 1)]


@pytest.mark.parametrize("text", ["https://t.co/pic", "", " ", "https://t.co/pic https://t.co/pic"])
def test_a_tweet_of_pictures_alone_has_no_text(text: str) -> None:
    assert reasons(tweet(text, entities={"media": [{"url": "https://t.co/pic"}]})) == [Reason.NO_TEXT]


@pytest.mark.parametrize("address", ["https://twitter.com/bob/status/9", "https://x.com/i/web/status/9?s=20"])
def test_a_link_to_another_tweet_alone_is_no_text_but_a_quote_is(address: str) -> None:
    entities = urls(("https://t.co/q", address))
    assert reasons(tweet("https://t.co/q", entities=entities)) == [Reason.NO_TEXT]
    assert body("yes! https://t.co/q", entities=entities) == f"yes! {address}"


def test_retweets_are_left_out() -> None:
    assert reasons(tweet("RT @bob: hi"), tweet("hi", retweeted_status={"id": 1})) == [Reason.BOOST, Reason.BOOST]
    assert body("RT is short for retweet") == "RT is short for retweet"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Kind.PUBLIC),
        ({"in_reply_to_user_id_str": "42"}, Kind.THREAD),
        ({"in_reply_to_user_id": 42}, Kind.THREAD),
        ({"in_reply_to_user_id": 77}, Kind.REPLY),
        ({"in_reply_to_user_id_str": "77"}, Kind.REPLY),
        ({"in_reply_to_user_id_str": "-1", "full_text": "@bob hi"}, Kind.REPLY),
        ({"full_text": "@bob hi"}, Kind.REPLY),
        ({"full_text": "@bob"}, Kind.REPLY),
        ({"full_text": ".@bob hi"}, Kind.PUBLIC),
        ({"full_text": "@ 5 pm"}, Kind.PUBLIC),
    ],
)
def test_replies_are_told_from_threads(fields: dict[str, Any], kind: Kind) -> None:
    [post] = posts_of(archive_of(tweet(**fields)))
    assert post.kind is kind


def test_without_an_account_a_reply_is_to_somebody_else_unless_the_tweet_names_its_author() -> None:
    reply = tweet(in_reply_to_user_id=42)
    content = script("tweets", [reply, reply | {"user": {"id": 42}}]).encode()
    assert [post.kind for post in posts_of(content, "tweets.js")] == [Kind.REPLY, Kind.THREAD]


def chain(*, knows_all: bool) -> list[dict[str, Any]]:
    """Return three versions of a tweet; the later ones may name only the first."""
    ids = {"editTweetIds": [str(FIRST), str(SECOND), str(THIRD)]}
    edit = {"edit": {"initialTweetId": str(FIRST)} | ({"editControlInitial": ids} if knows_all else {})}
    times = ("Thu Nov 17 23:34:50 +0000 2022", "Thu Nov 17 23:35:10 +0000 2022", "Thu Nov 17 23:35:34 +0000 2022")
    return [
        tweet("first", FIRST, created_at=times[0], edit_info={"initial": ids}),
        tweet("second", SECOND, created_at=times[1], edit_info=edit),
        tweet("third", THIRD, created_at=times[2], edit_info=edit),
    ]


@pytest.mark.parametrize(
    ("order", "knows_all"), [((0, 1, 2), True), ((0, 1, 2), False), ((2, 1, 0), False), ((1, 2, 0), True)]
)
def test_an_edited_tweet_is_its_last_version_at_the_first_ones_time(
    order: tuple[int, ...],
    knows_all: bool,
) -> None:
    versions = chain(knows_all=knows_all)
    content = archive_of(*(versions[number] for number in order))
    [post] = posts_of(content)
    assert (post.body, post.source_id, post.order) == ("third", str(FIRST), FIRST)
    assert post.written_at == datetime(2022, 11, 17, 23, 34, 50, tzinfo=UTC)
    assert post.url == f"https://x.com/i/web/status/{THIRD}"
    assert {entry.reason for entry in skipped_of(content)} == {Reason.OLDER_VERSION}


LONG = "It begins here and then it goes on"
WHOLE = LONG + " for ever & ever"


@pytest.mark.parametrize(
    ("text", "whole", "expected"),
    [
        (f"{LONG}…", WHOLE, WHOLE),
        (f"{LONG} https://t.co/self", WHOLE, WHOLE),
        (f"{LONG} https://t.co/self ", WHOLE, WHOLE),
        (f"{LONG}… https://t.co/quote https://t.co/pic", WHOLE, f"{WHOLE} https://x.com/bob/status/9"),
        (f"@bob @eve {LONG}…", WHOLE, f"@bob @eve {WHOLE}"),
        (f"@bob {LONG}…", f"@bob {WHOLE}", f"@bob {WHOLE}"),
        ("a &gt; https://t.co/tweets b…", "a > https://t.co/notes b c", "a > https://a.example b c"),
        ("a https://t.co/tweets", "a https://t.co/notes", "a https://a.example"),
        ("literally &amp;amp;", "literally &amp; so on", "literally &amp; so on"),
    ],
)
@pytest.mark.parametrize("names", [("shortUrl", "expandedUrl"), ("url", "expanded_url")])
def test_a_cut_tweet_has_the_text_of_its_note(text: str, whole: str, expected: str, names: tuple[str, str]) -> None:
    entities = urls(
        ("https://t.co/self", "https://twitter.com/i/web/status/1700000000000000000"),
        ("https://t.co/quote", "https://x.com/bob/status/9"),
        ("https://t.co/tweets", "https://a.example"),
    )
    entities["media"] = [{"url": "https://t.co/pic"}]
    links = [dict(zip(names, ("https://t.co/notes", "https://a.example"), strict=True))]
    assert bodies(tweet(text, entities=entities), notes=[note(whole, links=links)]) == [expected]


@pytest.mark.parametrize(
    ("created", "matches"),
    [
        ("2023-09-08T12:00:03.900Z", True),
        ("2023-09-08T11:59:57.000Z", True),
        ("2023-09-08T12:00:04.000Z", False),
        ("2023-09-08T11:59:56.000Z", False),
        ("2023-09-08T12:00:00", True),
        ("never", False),
        (None, False),
    ],
)
def test_a_note_belongs_to_a_tweet_of_the_same_three_seconds(created: object, matches: bool) -> None:
    assert bodies(tweet(f"{LONG}…"), notes=[note(WHOLE, created)]) == [WHOLE if matches else f"{LONG}…"]


@pytest.mark.parametrize("text", ["something else", "@bob https://t.co/a", "https://t.co/a…"])
def test_a_note_belongs_to_no_tweet_that_begins_in_another_way(text: str) -> None:
    assert bodies(tweet(text), notes=[note(WHOLE)]) == [text]


def test_a_note_is_used_once_and_two_of_one_second_are_told_apart() -> None:
    texts = bodies(tweet("one…", 1), tweet("two…", 2), tweet("two…", 3), notes=[note("two, whole"), note("one, whole")])
    assert texts == ["one, whole", "two, whole", "two…"]


def test_the_first_reading_leaves_the_notes_to_the_second() -> None:
    with reader_for(archive_of(tweet(f"{LONG}…"), notes=[note(WHOLE)])) as reader:
        assert list(reader.entries()) == list(reader.entries())


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_NOTES", 1), ("MAX_NOTES_A_SECOND", 1), ("MAX_NOTES_SIZE", 150), ("LONGEST_CUT", 4)]
)
def test_notes_beyond_the_limits_leave_their_tweets_cut(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(tweets, limit, value)
    notes = [note("one, whole"), note("two, whole" * 20)]
    assert bodies(tweet("one…", 1), tweet("two, …", 2), notes=notes) == ["one, whole", "two, …"]


@pytest.mark.parametrize("damaged", [7, None, {}, {"noteTweet": 7}, note(7), note(None), {"noteTweet": {"core": []}}])
def test_a_damaged_note_stops_nothing(damaged: object) -> None:
    assert bodies(tweet(f"{LONG}…"), notes=[damaged, note(WHOLE, links=7)]) == [WHOLE]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("deleted-tweets.js", Reason.DELETED),
        ("deleted-tweets-part1.js", Reason.DELETED),
        ("twitter-circle-tweet.js", Reason.PRIVATE),
        ("community-tweet.js", Reason.PRIVATE),
    ],
)
@pytest.mark.parametrize("wrapper", ["tweet", "anotherTweet"])
def test_hidden_tweets_are_left_out_without_their_text(name: str, reason: Reason, wrapper: str) -> None:
    hidden = script("hidden", [{wrapper: tweet("SECRET", 7)}])
    entries = entries_of(archive_of(tweet("SECRET", 7), tweet("hello", 8), files={f"data/{name}": hidden}))
    moment = datetime(2023, 9, 8, 12, tzinfo=UTC)
    assert entries[0] == Skipped(reason, "https://x.com/i/web/status/7", moment)
    assert [entry.body for entry in entries[1:] if isinstance(entry, Found)] == ["hello"]  # 7 is there once
    assert len(entries) == 2


def test_tweets_of_a_protected_account_and_deleted_ones_are_left_out_wherever_they_are() -> None:
    entries = [tweet("SECRET", user={"protected": True}), tweet("SECRET", deleted_at="2023-09-09T00:00:00.000Z")]
    assert reasons(*entries) == [Reason.PRIVATE, Reason.DELETED]
    assert bodies(tweet(user={"protected": False}), tweet(user={"protected": "false"})) == ["hello", "hello"]


@pytest.mark.parametrize(
    ("changes", "is_private"),
    [
        ([("2026-03-01T10:00:00.000Z", "Protect")], True),
        ([("2026-03-01T10:00:00.000Z", "Protect"), ("2026-03-02T10:00:00.000Z", "Unprotect")], False),
        ([("2026-03-02T10:00:00.000Z", "PROTECT"), ("2026-03-01T10:00:00.000Z", "Unprotect")], True),
        ([], False),
    ],
)
def test_nothing_of_an_account_that_was_protected_last_is_imported(
    changes: list[tuple[str, str]], is_private: bool
) -> None:
    items = [{"protectedHistory": {"protectedAt": at, "action": action}} for at, action in changes]
    content = archive_of(tweet("hello"), files={"data/protected-history.js": script("protected_history", items)})
    assert [entry.reason for entry in skipped_of(content)] == [Reason.PRIVATE] * is_private
    assert bool(posts_of(content)) is not is_private


def test_a_history_that_cannot_be_read_is_not_taken_for_an_open_account() -> None:
    files = {"data/protected-history.js": script("protected_history", [1, None, {}])}
    assert posts_of(archive_of(tweet("hello"), files=files))
    with pytest.raises(ArchiveError):
        posts_of(archive_of(tweet("hello"), files=dict.fromkeys(files, "damaged")))


def test_a_hidden_tweet_without_an_id_hides_no_other() -> None:
    content = archive_of(7, files={"data/community-tweet.js": script("community_tweet", [None])})
    assert [entry.reason for entry in skipped_of(content)] == [Reason.PRIVATE, Reason.UNREADABLE]


def test_an_archive_with_more_hidden_tweets_than_can_be_remembered_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(x, "MAX_REMEMBERED", 1)
    hidden = script("community_tweet", [tweet(number=7), tweet(number=8)])
    with pytest.raises(ArchiveError) as refusal:
        posts_of(archive_of(tweet(number=7), tweet(number=8), files={"data/community-tweet.js": hidden}))
    assert refusal.value.code == "too_large_inside"


@pytest.mark.parametrize(
    ("damaged", "detail"),
    [
        (7, "no id"),
        (None, "no id"),
        ([], "no id"),
        (tweet(number="x"), "no id"),
        (tweet(number="9" * 400), "no id"),
        (tweet() | {"id_str": True}, "no id"),
        (tweet() | {"id_str": 1.7e18}, "no id"),
        (tweet(None), "no text"),
        (tweet(["hello"]), "no text"),
        ({"id_str": "7", "created_at": NOON}, "no text"),
    ],
)
def test_a_damaged_tweet_is_listed_with_its_place_and_stops_nothing(damaged: object, detail: str) -> None:
    entry, post = entries_of(archive_of(damaged, tweet()))
    assert isinstance(entry, Skipped)
    assert entry.reason is Reason.UNREADABLE
    assert entry.detail == f"item 1 of 'tweets.js': {detail}"
    assert isinstance(post, Found)


HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    7,
    1e300,
    "",
    "x" * 10_000,
    [],
    [None, 7, [], {}],
    {},
    {"media": 7, "urls": [7, {}]},
)
FIELDS = ("created_at", "entities", "extended_entities", "edit_info", "user", "in_reply_to_user_id_str", "deleted_at")
NESTED = (
    ("entities", "urls"),
    ("entities", "media"),
    ("extended_entities", "media"),
    ("edit_info", "initial"),
    ("edit_info", "edit"),
)


@pytest.mark.parametrize("value", HOSTILE)
def test_fields_of_any_type_stop_nothing(value: object) -> None:
    damaged = [tweet(**{field: value}) for field in FIELDS]
    damaged += [tweet(**{field: {inner: value}}) for field, inner in NESTED]
    damaged += [
        tweet(edit_info={"initial": {"editTweetIds": value}}),
        tweet(edit_info={"edit": {"initialTweetId": value}}),
    ]
    damaged += [tweet(entities={"urls": [{"url": value, "expanded_url": value}], "media": [{"url": value}]})]
    entries = entries_of(archive_of(*damaged, tweet("the last")))
    assert len(entries) == len(damaged) + 1
    assert isinstance(entries[-1], Found)


@pytest.mark.parametrize("name", ["data/tweets.js", "data/note-tweet.js", "data/account.js", "data/deleted-tweets.js"])
def test_a_file_that_a_formatter_has_changed_is_named(name: str) -> None:
    changed = "window.YTD.tweets.part0 = [\n  {\n    tweet: {\n      id_str: '7',\n    },\n  },\n];\n"
    content = archive_of(tweet(), tweet(in_reply_to_user_id=42), files={name: changed})
    assert label_of(content) == "X"
    with pytest.raises(ArchiveError) as caught:
        entries_of(content)
    assert caught.value.code == "not_json"
    assert caught.value.params["name"] == name
