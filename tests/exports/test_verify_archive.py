"""`manage.py verify_archive`: a damaged archive is always found out, and a hostile one does no harm."""

import json
import os
import struct
import subprocess
import sys
import tracemalloc
import warnings
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from development.embedded_server import BASE_DIR
from exports.formats.archive import SCHEMA_VERSION
from exports.formats.messages import Message
from exports.formats.portable_files import HEADER
from exports.formats.zip_file import COMMENT_LENGTH
from exports.verification import ArchiveError, Verified, verify_archive
from exports.verification.container import MAX_FOLDERS
from exports.verification.contents import SCHEMAS, count_articles
from tests.environment import IN_CI
from tests.exports.zip_files import (
    TIME,
    archive_bytes,
    files_in,
    older_archive,
    packed,
    repacked,
    rows,
    with_manifest,
    zipped,
)

pytestmark = pytest.mark.processes  # no database is used

ARTICLE = b'<article id="p'
MESSAGES = [
    Message(*members, body, TIME, number)
    for number, (members, body) in enumerate(
        [(("susan", "john"), "hello"), (("john", "susan"), '},{"from":"'), (("mary", "susan"), '<article id="m9">')]
    )
]
SOUND = archive_bytes(
    rows("one", "two, with 'quotes' and \"more\"", '},{"body":"three"},{', "=1+1", "🦔\0\n\x7f"), MESSAGES
)
many_examples = examples(
    max_examples=300 if IN_CI else 50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "archive.zip"


@pytest.fixture
def complaint(file: Path) -> Callable[[bytes], str]:
    """Return a function that returns what the command says of such a file: one line."""

    def complain(content: bytes) -> str:
        file.write_bytes(content)
        with pytest.raises(CommandError) as caught:
            call_command("verify_archive", str(file))
        said = str(caught.value)
        assert said.isprintable(), said
        return said

    return complain


def verified(file: Path, content: bytes) -> Verified:
    file.write_bytes(content)
    return verify_archive(file)


# A sound one


def test_it_tells_of_a_sound_one_in_a_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(SOUND)
    call_command("verify_archive", str(file))
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "archive.zip is sound: 5 posts, 2 follows, 1 followers, 3 messages, 0 skipped; 35 files" in said
    assert "as of 2026-11-23T10:00:00Z" in said


@pytest.mark.parametrize("posts", [0, 1, 999, 1000, 1001, 2500])
def test_it_counts_posts_across_pages_and_pieces(file: Path, posts: int) -> None:
    archive = archive_bytes(rows(*(f"post {number} " + "x" * 300 for number in range(posts))))
    assert (
        verified(file, archive).counts.items()
        >= {"posts": posts, "follows": 2, "followers": 1, "messages": 0, "skipped": 0}.items()
    )


@many_examples
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_an_archive_of_any_texts_is_valid(file: Path, bodies: list[str]) -> None:
    assert verified(file, archive_bytes(rows(*bodies))).counts["posts"] == len(bodies)


def test_a_post_on_the_seam_of_two_pieces_is_counted_once() -> None:
    page = files_in(SOUND)["pages/1.html"]
    assert {count_articles([page[:seam], page[seam:]], ARTICLE) for seam in range(len(page))} == {5}
    assert count_articles((bytes([byte]) for byte in page), ARTICLE) == 5


def test_unreadable_records_leave_a_sound_archive(file: Path) -> None:
    archive = archive_bytes([*rows("good"), ("\ud800", "2026-01-01T12:00:00Z", 2), ("bad time", "nonsense", 3)])
    assert (
        verified(file, archive).counts.items()
        >= {"posts": 1, "follows": 2, "followers": 1, "messages": 0, "skipped": 2}.items()
    )


def test_progress_ends_at_the_whole(file: Path) -> None:
    file.write_bytes(SOUND)
    steps: list[tuple[int, int]] = []
    verify_archive(file, lambda done, total: steps.append((done, total)))
    done, total = steps[-1]
    assert done == total == sum(len(data) for name, data in files_in(SOUND).items() if name != "manifest.json")
    assert steps == sorted(steps)


def test_a_shell_sees_the_exit_status_and_no_traceback(file: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(file.parent / "var")}
    command = [sys.executable, "manage.py", "verify_archive", str(file)]
    file.write_bytes(SOUND)
    good = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    file.write_bytes(SOUND[:-200])
    bad = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert (
        bad.stderr == f"CommandError: {file} is damaged: it is not a ZIP file, or cut short: File is not a zip file.\n"
    )


# Any change at all


@many_examples
@given(st.integers(0, len(SOUND) - 1), st.integers(1, 255))
def test_a_changed_byte_is_reported_or_changes_no_file(file: Path, offset: int, change: int) -> None:
    changed = bytearray(SOUND)
    changed[offset] ^= change
    with suppress(ArchiveError):
        assert verified(file, bytes(changed)).counts == verified(file, SOUND).counts
        assert files_in(bytes(changed)) == files_in(SOUND)


def test_a_truncated_file_is_reported(file: Path) -> None:
    whole = len(SOUND) - COMMENT_LENGTH
    for length in (*range(0, whole, 1 if IN_CI else 101), *range(whole - 100, whole)):
        with pytest.raises(ArchiveError):
            verified(file, SOUND[:length])


@many_examples
@given(st.binary(min_size=1, max_size=100))
def test_bytes_before_or_after_the_zip_get_an_answer(file: Path, more: bytes) -> None:
    for changed in (SOUND + more, more + SOUND):
        with suppress(ArchiveError):
            assert verified(file, changed).counts == verified(file, SOUND).counts


@many_examples
@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_get_an_answer(file: Path, content: bytes) -> None:
    for hostile in (content, b"PK\3\4" + content, SOUND[:-93] + content):
        with pytest.raises(ArchiveError):
            verified(file, hostile)
    with suppress(ArchiveError):
        verified(file, content.join([SOUND[:50], SOUND[50:]]))


@many_examples
@given(name=st.sampled_from(sorted(files_in(SOUND))), content=st.binary(max_size=50), place=st.floats(0, 1))
def test_any_content_of_a_file_gets_an_answer(file: Path, name: str, content: bytes, place: float) -> None:
    files = files_in(SOUND)
    at = int(place * len(files[name]))
    files[name] = files[name][:at] + content + files[name][at + len(content) :]
    with suppress(ArchiveError):
        verified(file, packed(files if name == "manifest.json" else with_manifest(files)))


# CompressedPart again


def as_is(files: dict[str, bytes]) -> dict[str, bytes]:
    return files


def in_a_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    return {"Mein Archiv ä/": b"", **{f"Mein Archiv ä/{name}": data for name, data in files.items()}}


def by_a_mac(files: dict[str, bytes]) -> dict[str, bytes]:
    metadata = {"archive/.DS_Store": b"x", "__MACOSX/archive/._posts.json": b"x", "__MACOSX/._archive": b"x"}
    return {"archive/": b"", **{f"archive/{name}": data for name, data in files.items()}, **metadata}


def by_windows(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name.replace("/", "\\"): data for name, data in files.items()} | {"desktop.ini": b"x", "pages/": b""}


def backwards(files: dict[str, bytes]) -> dict[str, bytes]:
    return dict(reversed(files.items()))


@pytest.mark.parametrize("change", [as_is, in_a_folder, by_a_mac, by_windows, backwards])
@pytest.mark.parametrize("compression", [ZIP_STORED, ZIP_DEFLATED])
@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_an_archive_that_was_packed_again_is_sound(
    file: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]], compression: int, version: int
) -> None:
    original = SOUND if version == SCHEMA_VERSION else older_archive(version)
    again = verified(file, zipped(change(files_in(original)).items(), compression))
    assert again.is_repacked
    expected = verified(file, original)
    assert not expected.is_repacked
    assert (again.counts, again.snapshot_at, again.files) == (expected.counts, expected.snapshot_at, expected.files)


def test_the_command_notes_that_an_archive_was_repacked(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(zipped(files_in(SOUND).items()))
    call_command("verify_archive", str(file))
    assert capsys.readouterr().out.splitlines()[1].startswith("It was repacked")


@pytest.mark.parametrize("change", [in_a_folder, by_a_mac, by_windows])
def test_faults_of_a_repacked_archive_are_named(
    complaint: Callable[[bytes], str], change: Callable[[dict[str, bytes]], dict[str, bytes]]
) -> None:
    def said_of(files: dict[str, bytes]) -> str:
        return complaint(zipped(change(files).items()))

    files = files_in(SOUND)
    changed = {**files, "posts.json": files["posts.json"].replace(b"one", b"two")}
    assert "posts.json: it was changed" in said_of(changed)
    assert "'people/extra.html' is not listed" in said_of({**files, "people/extra.html": b"x"})
    assert "'posts.csv' is listed in the manifest, and missing" in said_of(
        {name: data for name, data in files.items() if name != "posts.csv"}
    )


def test_a_file_beside_the_folder_of_a_repacked_archive_is_named(complaint: Callable[[bytes], str]) -> None:
    assert "'evil.exe' is not listed" in complaint(zipped({**in_a_folder(files_in(SOUND)), "evil.exe": b"MZ"}.items()))


def test_folders_on_top_have_a_limit(file: Path, complaint: Callable[[bytes], str]) -> None:
    def below(depth: int) -> bytes:
        return zipped((f"{'x/' * depth}{name}", data) for name, data in files_in(SOUND).items())

    assert verified(file, below(MAX_FOLDERS)).is_repacked
    assert "folders deep" in complaint(below(MAX_FOLDERS + 1))
    assert "folders deep" in complaint(below(20_000))


def test_a_compression_without_a_limit_is_refused(complaint: Callable[[bytes], str]) -> None:
    assert "its compression is unusual (12)" in complaint(zipped(files_in(SOUND).items(), ZIP_BZIP2))


# What it says


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(CommandError, match=r"archive\.zip cannot be read: No such file or directory"):
        call_command("verify_archive", str(file))


def test_a_folder_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is not a file"):
        call_command("verify_archive", str(tmp_path))


def test_a_pipe_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    with pytest.raises(CommandError, match="is not a file"):
        call_command("verify_archive", str(file))


def test_a_file_that_cannot_be_opened_is_named(file: Path) -> None:
    file.write_bytes(SOUND)
    with pytest.raises(CommandError, match="cannot be read: Not a directory"):
        call_command("verify_archive", str(file / "archive.zip"))
    with pytest.raises(CommandError, match="cannot be read: File name too long"):
        call_command("verify_archive", "x" * 300)


@pytest.mark.parametrize("content", [b"", b"PK", b'{"posts": []}\n', b"\x89PNG\r\n\x1a\n" * 100])
def test_a_file_that_is_no_zip_is_reported(complaint: Callable[[bytes], str], content: bytes) -> None:
    assert "it is not a ZIP file" in complaint(content)


def test_damage_within_a_file_names_the_file(complaint: Callable[[bytes], str]) -> None:
    changed = bytearray(SOUND)
    begin = SOUND.index(b"posts.json") + len(b"posts.json")
    changed[begin + 20] ^= 0xFF
    assert "is damaged: posts.json: it " in complaint(bytes(changed))


def test_a_changed_file_is_named(complaint: Callable[[bytes], str]) -> None:
    files = files_in(SOUND)
    files["posts.json"] = files["posts.json"].replace(b"one", b"two")
    assert "posts.json: it was changed" in complaint(packed(files))


def test_a_wrong_size_is_reported_with_both_sizes(complaint: Callable[[bytes], str]) -> None:
    files = files_in(SOUND)
    files["profile.json"] += b" "
    size = len(files["profile.json"])
    assert f"profile.json: its size is {size} bytes, the manifest says {size - 1}." in complaint(packed(files))


@pytest.mark.parametrize(
    "name", ["posts.json", "posts.csv", "outbox.json", "actor.json", "profile.json", "follows.json", "messages.json"]
)
def test_a_missing_file_of_the_manifest_is_named(complaint: Callable[[bytes], str], name: str) -> None:
    files = files_in(SOUND)
    del files[name]
    assert f"'{name}' is listed in the manifest, and missing." in complaint(packed(files))
    assert f"'{name}' is missing." in complaint(packed(with_manifest(files)))


def test_a_missing_manifest_is_said(complaint: Callable[[bytes], str]) -> None:
    files = files_in(SOUND)
    del files["manifest.json"]
    assert "manifest.json is missing" in complaint(packed(files))


@pytest.mark.parametrize("name", ["assets/index.js", "run.exe", "inner.zip", "page.html.js"])
def test_a_file_of_another_kind_has_no_place(complaint: Callable[[bytes], str], name: str) -> None:
    assert "manifest.json: files/" in complaint(packed(with_manifest({**files_in(SOUND), name: b"x"})))


def test_a_file_that_the_manifest_does_not_list_is_named(complaint: Callable[[bytes], str]) -> None:
    assert "'evil.exe' is not listed" in complaint(packed({**files_in(SOUND), "evil.exe": b"MZ"}))


def test_a_manifest_that_lists_a_file_twice_is_refused(complaint: Callable[[bytes], str]) -> None:
    files = files_in(SOUND)
    entries = json.loads(files["manifest.json"])["files"]
    twice = json.loads(with_manifest(files)["manifest.json"]) | {"files": [*entries, entries[0]]}
    assert "is listed in the manifest twice" in complaint(
        packed({**files, "manifest.json": json.dumps(twice).encode()})
    )


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_archive_that_an_older_release_wrote_is_still_sound(file: Path, version: int) -> None:
    archive = older_archive(version)
    assert json.loads(files_in(archive)["manifest.json"])["schema_version"] == version
    assert verified(file, archive).counts["posts"] == 5


def test_a_version_has_no_file_of_a_later_one_nor_lacks_its_own(complaint: Callable[[bytes], str]) -> None:
    later = {**files_in(older_archive(1)), "messages.json": files_in(SOUND)["messages.json"]}
    assert "'messages.json' has no place in version 1" in complaint(packed(with_manifest(later)))
    lacking = {name: data for name, data in files_in(SOUND).items() if name != "messages.json"}
    assert "'messages.json' is missing" in complaint(packed(with_manifest(lacking)))


def test_another_version_of_the_format_is_reported(complaint: Callable[[bytes], str]) -> None:
    said = complaint(packed(with_manifest(files_in(SOUND), schema_version=99)))
    assert "manifest.json: its schema_version is 99; those known here are 1, 2, 3 and 4." in said


@pytest.mark.parametrize("key", ["posts", "follows", "followers", "messages", "skipped"])
def test_a_wrong_count_is_reported_with_both_numbers(complaint: Callable[[bytes], str], key: str) -> None:
    counts = json.loads(files_in(SOUND)["manifest.json"])["counts"]
    said = complaint(packed(with_manifest(files_in(SOUND), counts={**counts, key: counts[key] + 1})))
    assert f"{counts[key]} {key} found, the manifest counts {counts[key] + 1}." in said


def without_the_first_article(page: bytes) -> bytes:
    return page.replace(b"<article", b"<section", 1)


@pytest.mark.parametrize(
    ("argument", "change", "said"),
    [
        ("posts_csv", lambda data: data + data[len(HEADER) :].splitlines(keepends=True)[0], "posts.csv: 6 posts found"),
        (
            "posts_csv",
            lambda data: data.replace(b"timestamp,", b"time,"),
            "posts.csv: it does not begin with its header",
        ),
        ("posts_csv", b"", "posts.csv: row 1 is incomplete"),
        ("posts_csv", lambda data: data + b'"unclosed', "posts.csv: row 6 is incomplete"),
        ("posts_csv", lambda data: data + b'"unclosed\r\n', "posts.csv: row 6 is incomplete"),
        ("outbox_json", lambda data: data.replace(b'"totalItems":5', b'"totalItems":6'), "its totalItems says 6"),
        ("outbox_json", lambda data: data.replace(b'"Create"', b'"Delete"', 1), "outbox.json: orderedItems/0/type: "),
        (
            "pages_1_html",
            without_the_first_article,
            "the pages of pages/ together: 4 posts found, the manifest counts 5.",
        ),
        ("messages_1-1_html", without_the_first_article, "the pages of messages/ together: 2 messages found"),
        (
            "people_following-1_html",
            lambda data: data.replace(b'<li class="person">', b"<li>", 1),
            "the pages of people/following/ together: 1 follows found, the manifest counts 2.",
        ),
        ("messages_json", lambda data: data.replace(b'"to"', b'"cc"', 1), "messages.json: messages/0: "),
        ("messages_json", b'{"messages":[]}', "messages.json: 0 messages found, the manifest counts 3."),
        ("posts_json", b"[]", "posts.json: [] is not of type"),
        ("posts_json", b'{"posts":[]}', "posts.json: 0 posts found, the manifest counts 5."),
        ("posts_json", b"{", "posts.json: it is not valid JSON: "),
        ("posts_json", b"", "posts.json: it is not valid JSON: "),
        ("posts_json", b'{"posts":' + b"[" * 2000, "posts.json: it is not valid JSON: "),
        ("posts_json", b'{"posts":{"a":1}}', "posts.json: posts: "),
        ("posts_json", b'{"posts":[{"body":"a","timestamp":"2026-01-01 12:00"}]}', "posts.json: posts/0/timestamp: "),
        (
            "posts_json",
            b'{"posts":[{"body":"a","timestamp":"2026-02-30T12:00:00Z"}]}',
            "posts.json: posts/0/timestamp: ",
        ),
        ("posts_json", b'{"posts":[{"body":7,"timestamp":"2026-01-01T12:00:00Z"}]}', "posts.json: posts/0/body: "),
        ("posts_json", lambda data: data.replace(b"]}", b'],"more":[1]}'), "posts.json: Additional properties"),
        ("posts_json", lambda data: data + b"{}", "posts.json: it is not valid JSON: "),
        ("profile_json", b"{}", 'profile.json: "username" is a required property'),
        ("actor_json", b"null", "actor.json: null is not of type"),
        ("manifest_json", b'{"schema_version": "\\u001b[2J"}', "its schema_version is \\x1b[2J; those known here"),
    ],
)
def test_contents_that_break_the_format_are_reported(
    complaint: Callable[[bytes], str], argument: str, change: Any, said: str
) -> None:
    if argument == "manifest_json":
        assert said in complaint(packed({**files_in(SOUND), "manifest.json": change}))
    else:
        assert said in complaint(repacked(SOUND, **{argument: change}))


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[]", b"null", b"\xff", b'{"schema_version": 1}', b"[" * 100_000])
def test_an_absurd_manifest_is_refused(complaint: Callable[[bytes], str], manifest: bytes) -> None:
    assert "manifest.json: " in complaint(packed({**files_in(SOUND), "manifest.json": manifest}))


@pytest.mark.parametrize(
    "entry",
    [{"size": -1}, {"size": 2**70}, {"size": "5"}, {"name": "../evil"}, {"name": "/etc/passwd"}, {"sha256": "0"}],
)
def test_an_absurd_entry_of_the_manifest_is_refused(complaint: Callable[[bytes], str], entry: dict[str, Any]) -> None:
    entries = json.loads(files_in(SOUND)["manifest.json"])["files"]
    said = complaint(packed(with_manifest(files_in(SOUND), files=[{**entries[0], **entry}, *entries[1:]])))
    assert "is damaged: " in said


# Hostile containers


def test_two_files_of_one_name_are_refused(complaint: Callable[[bytes], str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        twice = zipped([*files_in(SOUND).items(), ("posts.json", b"other")])
    assert "'posts.json' is in it twice." in complaint(twice)


def test_encrypted_files_are_refused(complaint: Callable[[bytes], str]) -> None:
    changed = bytearray(SOUND)
    changed[SOUND.index(b"PK\1\2") + 8] |= 1
    assert "is encrypted" in complaint(bytes(changed))


def test_a_name_that_differs_in_the_directory_is_refused(complaint: Callable[[bytes], str]) -> None:
    assert "posts.csv: it cannot be unpacked: File name" in complaint(SOUND.replace(b"posts.csv", b"posts.exe", 1))


def test_names_cannot_speak_to_the_terminal(complaint: Callable[[bytes], str]) -> None:
    said = complaint(zipped([("\x1b[2J\r\nall is well", b"x"), *files_in(SOUND).items()]))
    assert "'\\x1b[2J\\r\\nall is well' is not listed" in said


def test_a_wrong_checksum_is_reported(complaint: Callable[[bytes], str]) -> None:
    with ZipFile(BytesIO(SOUND)) as container:
        crc = struct.pack("<I", container.getinfo("posts.csv").CRC)
    assert SOUND.count(crc) == 2
    assert "posts.csv: it cannot be unpacked: Bad CRC-32" in complaint(SOUND.replace(crc, b"\0\0\0\0"))


def test_files_that_share_their_bytes_are_refused(complaint: Callable[[bytes], str]) -> None:
    """The bomb that needs no nesting: many names for the same compressed bytes."""
    changed = bytearray(SOUND)
    second = SOUND.index(b"PK\1\2", SOUND.index(b"PK\1\2") + 1)
    changed[second + 42 : second + 46] = bytes(4)  # it begins where the first does
    assert "overlap" in complaint(bytes(changed))


def test_a_file_that_unpacks_to_more_than_it_claims_is_left_at_that(complaint: Callable[[bytes], str]) -> None:
    bomb = packed({"manifest.json": bytes(200_000_000)})
    claim = struct.pack("<I", 100)
    changed = bytearray(bomb)
    changed[22:26] = claim
    directory = bomb.index(b"PK\1\2")
    changed[directory + 24 : directory + 28] = claim
    said, memory = measured(lambda: complaint(bytes(changed)))
    assert "manifest.json: it cannot be unpacked: Bad CRC-32" in said
    assert memory < 3_000_000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("manifest.json", lambda: b"[" + b" " * 100_000_000 + b"]", "manifest.json: it is larger than"),
        (
            "posts.json",
            lambda: b'{"posts":[{"body":"' + b"a" * 100_000_000 + b'"}]}',
            "posts.json: it has no list 'posts', or",
        ),
        ("posts.json", lambda: b" " * 100_000_000, "posts.json: it has no list 'posts', or"),
        ("posts.csv", lambda: HEADER + b"a" * 100_000_000, "posts.csv: row 1: a line of more than"),
        ("posts.csv", lambda: HEADER + b'"\n",' * 20_000_000, "a line of more than"),
        ("posts.csv", lambda: HEADER + b'"' + b"\n" * 100_000_000, "a line of more than"),
        ("profile.json", lambda: b"[" + b" " * 100_000_000 + b"]", "profile.json: it is larger than"),
    ],
)
def test_a_bomb_that_says_its_size_fills_no_memory(
    complaint: Callable[[bytes], str], name: str, content: Callable[[], bytes], said: str
) -> None:
    files = files_in(SOUND) | {name: content()}
    bomb = packed(files if name == "manifest.json" else with_manifest(files))
    del files
    answer, memory = measured(lambda: complaint(bomb))
    assert said in answer
    assert memory < 50_000_000


def test_a_directory_of_absurd_size_is_not_read(complaint: Callable[[bytes], str]) -> None:
    changed = bytearray(SOUND)
    place = SOUND.rindex(b"PK\5\6") + 12
    changed[place : place + 4] = (0x7FFF_FFFF).to_bytes(4, "little")
    assert "it is not a ZIP file, or cut short" in complaint(bytes(changed))
    entries = b"PK\1\2" + bytes(42)
    size = len(entries) * 400_000
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0, 0, size, 4, 71)
    assert "its directory claims to be of" in complaint(b"PK\3\4" + entries * 400_000 + end + bytes(71))


def test_memory_does_not_grow_with_the_posts(file: Path) -> None:
    def memory(posts: int) -> int:
        file.write_bytes(archive_bytes(rows(*(f"post {number} " + "x" * 100 for number in range(posts)))))
        return measured(lambda: verify_archive(file))[1]

    memory(10)  # the schemas are read once
    assert memory(20_000) < memory(3_000) + 500_000


def measured(work: Callable[[], Any]) -> tuple[Any, int]:
    """Return what `work` returns, and the most memory that it held at once."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# The schemas


def test_every_schema_describes_each_of_its_properties() -> None:
    for path in SCHEMAS.rglob("*.json"):
        schema = json.loads(path.read_bytes())
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert undescribed(schema, path.name) == []


def undescribed(schema: Any, place: str) -> list[str]:
    if not isinstance(schema, dict):
        return []
    found = [f"{place}: {name}" for name, part in schema.get("properties", {}).items() if "description" not in part]
    parts = [*schema.get("properties", {}).items(), *schema.get("$defs", {}).items(), ("items", schema.get("items"))]
    return found + [fault for name, part in parts for fault in undescribed(part, f"{place}/{name}")]


@pytest.mark.long
def test_production_publishes_the_schemas_under_their_plain_names(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": "k" * 60,
        "SITE_URL": "http://microblog.example",
        "DJANGO_SETTINGS_MODULE": "microblog_project.settings",
    }

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("manage.py", "collectstatic", "--noinput")
    schemas = sorted(SCHEMAS.rglob("*.json"))
    answers = run("-c", FETCH, *(f"/static/exports/schemas/{path.relative_to(SCHEMAS)}" for path in schemas))
    assert answers == "".join(path.read_text() + "\n200 application/json\n" for path in schemas)


FETCH = """
import sys, django
django.setup()
from django.test import Client
for address in sys.argv[1:]:
    response = Client().get(address, headers={"host": "microblog.example"})
    sys.stdout.write(b"".join(response.streaming_content).decode())
    sys.stdout.write(f"\\n{response.status_code} {response.headers['Content-Type']}\\n")
"""
