"""Uploaded files of every kind of packing, damaged and hostile."""

import gzip
import io
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from imports.archives import archive
from imports.archives.archive import Archive, ArchiveError, open_archive
from tests.imports.reading import tar_gz_of_files, zip_of, zip_of_files

pytestmark = pytest.mark.processes  # no database is used

NOISE = bytes(number * number % 251 for number in range(50_000))

Pack = Callable[[dict[str, bytes]], bytes]
both_packings = pytest.mark.parametrize("pack", [zip_of_files, tar_gz_of_files], ids=["zip", "tar"])


@contextmanager
def opened(content: bytes, name: str = "upload") -> Iterator[Archive]:
    with open_archive(io.BytesIO(content), name) as found:
        yield found


def contents(content: bytes) -> dict[str, bytes]:
    with opened(content) as found:
        return {name: found.open(name).read() for name in found.names}


def problem(content: bytes) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        contents(content)
    return caught.value


def tar_gz(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a `.tar.gz` of headers as they are."""
    plain = b"".join(
        info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % tarfile.BLOCKSIZE) for info, content in members
    )
    return gzip.compress(plain + bytes(2 * tarfile.BLOCKSIZE))


def header(name: str = "a", kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


# What it is


@both_packings
def test_packed_files_are_read_by_their_names(pack: Pack) -> None:
    files = {"b.json": b"[]", "folder/a.json": NOISE, "empty": b""}
    assert contents(pack(files)) == files


def test_a_single_file_has_its_name_at_upload() -> None:
    with opened(b"[1]", "my posts.json") as found:
        assert (found.names, found.is_single) == (["my posts.json"], True)
        assert found.open("my posts.json").read() == found.head("my posts.json") == b"[1]"


@both_packings
def test_a_packed_file_is_not_a_single_one(pack: Pack) -> None:
    with opened(pack({"a": b"x"})) as found:
        assert not found.is_single


def test_an_empty_file_is_called_empty() -> None:
    assert problem(b"").code == "empty"


# Names


@both_packings
def test_files_of_the_system_are_left_out(pack: Pack) -> None:
    system = ["__MACOSX/._a", "x/__MACOSX/a", ".DS_Store", "x/._a", "Thumbs.db", "x/desktop.ini"]
    assert list(contents(pack({"x/a": b"1", **dict.fromkeys(system, b"0")}))) == ["x/a"]


@both_packings
def test_folders_and_links_are_no_files(pack: Pack) -> None:
    assert contents(pack({"a/b": b"1"})) == {"a/b": b"1"}
    links = [header("a", tarfile.SYMTYPE, link="/etc/passwd"), header("a", tarfile.LNKTYPE, link="/etc/passwd")]
    members = [(link, b"") for link in (*links, header("d", tarfile.DIRTYPE))]
    assert contents(tar_gz(*members, (header("a", size=1), b"1"))) == {"a": b"1"}
    folder = io.BytesIO()
    with zipfile.ZipFile(folder, "w") as packed:
        packed.mkdir("d")
    assert contents(folder.getvalue()) == {}


@both_packings
@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:/windows/x", "a/../../b", "x" * 5000])
def test_a_name_is_never_a_path(pack: Pack, name: str) -> None:
    with opened(pack({name: b"inside"})) as found:
        assert found.names == [name]
        assert found.open(name).read() == b"inside"
        assert found.find("hosts") is None


def test_windows_names_have_slashes() -> None:
    with opened(zip_of_files({r"data\tweets.js": b"1"})) as found:
        assert found.open("data/tweets.js").read() == b"1"


@both_packings
def test_the_file_nearest_to_the_top_is_found(pack: Pack) -> None:
    names = ["a/b/posts.json", "z/posts.json", "b/posts.json", "my-posts.json", "posts.json.txt"]
    with opened(pack(dict.fromkeys(names, b"1"))) as found:
        assert found.find("posts.json") == "b/posts.json"
        assert found.find("b") is None


@both_packings
def test_files_are_found_by_the_last_parts_of_their_names(pack: Pack) -> None:
    names = ["./x/data/tweets-part1.js", "x/data/tweets.js", "x/tweets.js", "data/tweets.json"]
    with opened(pack(dict.fromkeys(names, b"1"))) as found:
        assert found.find_all("data/tweets*.js") == ["./x/data/tweets-part1.js", "x/data/tweets.js"]


# Limits


@both_packings
def test_too_many_files_are_refused(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    assert len(contents(pack(dict.fromkeys("abc", b"")))) == 3
    assert problem(pack(dict.fromkeys("abcd", b""))).code == "too_many_files"


def test_the_folders_of_a_tar_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    assert problem(tar_gz(*[(header("d", tarfile.DIRTYPE), b"")] * 4)).code == "too_many_files"


def test_memory_does_not_grow_with_the_folders_of_a_tar() -> None:
    folder = header("d", tarfile.DIRTYPE).tobuf(tarfile.GNU_FORMAT)
    attributes = b"".join(
        header(kind=tarfile.XGLTYPE, size=2008).tobuf(tarfile.GNU_FORMAT)
        + b"2008 %d=%b\n" % (number, b"x" * (2001 - len(str(number))))
        + bytes(40)
        + folder
        for number in range(2000)
    )
    content = gzip.compress(attributes + folder * 10_000 + bytes(2 * tarfile.BLOCKSIZE))
    tracemalloc.start()
    assert contents(content) == {}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_the_names_of_a_tar_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_DIRECTORY", 100)
    assert problem(tar_gz_of_files({"a" * 60: b"", "b" * 60: b""})).code == "too_many_files"


@both_packings
def test_no_more_is_unpacked_than_the_limit(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    content = pack({"bomb": bytes(1_000_000)})
    monkeypatch.setattr(archive, "MAX_UNPACKED", 500_000)
    assert problem(content).code == "too_large_inside"


def test_a_claim_above_the_limit_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 10)
    with opened(zip_of(a=b"x" * 11)) as found, pytest.raises(ArchiveError, match="too_large_inside"):
        found.open("a")


def test_a_single_file_has_the_same_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 10)
    assert problem(b"x" * 11).code == "too_large_inside"


def test_a_zip_that_claims_too_little_is_damaged() -> None:
    content = zip_of(bomb=bytes(100_000))
    claim = struct.pack("<L", 100_000)
    assert content.count(claim) == 2
    assert problem(content.replace(claim, struct.pack("<L", 1000))).code == "damaged"


def test_the_head_is_only_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "HEAD", 10)
    with opened(zip_of(a=NOISE)) as found:
        assert found.head("a") == NOISE[:10]


# Damage


@both_packings
def test_a_file_that_was_cut_is_damaged(pack: Pack) -> None:
    whole = pack({"a": NOISE, "b": NOISE})
    for size in (30, 200, len(whole) // 2, len(whole) - 9):
        with opened(whole[:size]) as found:  # a ZIP without its directory is no ZIP, but a file that no reader knows
            is_single = found.is_single
        assert is_single or problem(whole[:size]).code == "damaged"


@both_packings
def test_changed_bytes_are_noticed(pack: Pack) -> None:
    whole = pack({"a": NOISE})
    middle = len(whole) // 2
    assert problem(whole[:middle] + bytes(4) + whole[middle + 4 :]).code == "damaged"


def test_a_damaged_header_does_not_hide_the_files_that_follow() -> None:
    plain = bytearray(gzip.decompress(tar_gz_of_files({"a": b"1", "b": b"2", "c": NOISE * 50})))
    packed = gzip.compress(bytes(plain))
    plain[1024:1030] = b"xxxxxx"
    changed = gzip.compress(bytes(plain))
    assert problem(changed[:-8] + packed[-8:]).code == "damaged"


def test_a_gzip_that_holds_no_tar_is_damaged() -> None:
    for content in (b"hello", b"", NOISE):
        assert problem(gzip.compress(content)).code == "damaged"
    assert problem(gzip.compress(b"")[:10] + b"\xff" * 100).code == "damaged"


def test_an_encrypted_file_is_damaged() -> None:
    content = bytearray(zip_of(a=b"x"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    error = problem(bytes(content))
    assert (error.code, error.params["name"]) == ("damaged", "a")
    assert "encrypted" in error.params["detail"]


def test_an_unusual_compression_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("a", "x")
    assert "compression" in problem(buffer.getvalue()).params["detail"]


def test_files_that_overlap_are_refused() -> None:
    content = bytearray(zip_of_files({"a": NOISE, "b": NOISE}))
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = bytes(4)  # where its data are: at the first one's
    error = problem(bytes(content))
    assert error.code == "damaged"
    assert "overlap" in error.params["detail"]


@pytest.mark.parametrize("place", [12, 16], ids=["size", "offset"])
def test_an_absurd_directory_is_damaged(place: int) -> None:
    content = bytearray(zip_of(a=NOISE))
    end = content.rindex(b"PK\x05\x06")
    content[end + place : end + place + 4] = b"\xf0\xff\xff\x7f"
    assert problem(bytes(content)).code == "damaged"


def test_a_zip_of_several_disks_is_damaged() -> None:
    content = zip_of(a=b"x")
    end = content.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 1, 0, 2)
    assert problem(content[:end] + locator + content[end:]).code == "damaged"


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_large_header_of_a_tar_is_not_read(kind: bytes) -> None:
    error = problem(tar_gz((header(kind=kind, size=100_000), bytes(100_000)), (header(), b"")))
    assert error.code == "damaged"
    assert "100000" in error.params["detail"]


def test_a_chain_of_headers_is_damaged() -> None:
    attributes = (header(kind=tarfile.XGLTYPE, size=10), b"10 abc=de\n")
    assert problem(tar_gz(*[attributes] * 3000, (header(), b""))).code == "damaged"


@pytest.mark.parametrize(
    "members",
    [
        [(header(size=-512), b"")],
        [(header(kind=tarfile.GNUTYPE_SPARSE), b"")],
        [
            (
                header(kind=tarfile.XHDTYPE, size=69),
                b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=5\n",
            ),
            (header(size=517), b"1\n0\n5\n".ljust(512, b"\0") + b"hello"),
        ],
    ],
    ids=["negative size", "sparse", "sparse by attributes"],
)
def test_odd_files_of_a_tar_are_refused(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    error = problem(tar_gz(*members))
    assert error.code == "damaged"


def test_an_error_is_one_line_that_any_page_can_show() -> None:
    error = ArchiveError("damaged", name="a\x00\n\u202e" + "x" * 1000, detail="ü\x1b")
    assert error.params == {"name": "a���" + "x" * 196, "detail": "ü�"}
