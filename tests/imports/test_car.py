"""CAR files: blocks and trees, within bounds and whatever the file holds."""

import gc
import io
import time
from hashlib import sha256
from itertools import chain
from typing import Any

import pytest

from imports.archives import car
from imports.archives.archive import ArchiveError, open_archive
from imports.archives.car import BlockError, CarFile, car_header
from imports.reader import Entry
from imports.readers.bluesky import BlueskyReader
from tests.imports.car_files import add_block, add_tree, car_of, entries, packed, sized
from tests.imports.reading import zip_of_files

KEYS = [f"app.bsky.feed.post/3k4duaz5vf{number:03d}".replace("0", "a") for number in range(1, 40)]


def records_of(content: bytes) -> dict[str, Any]:
    """Return the records of the tree that is the file's root."""
    with open_archive(io.BytesIO(content), "repo.car") as archive:
        file = CarFile(archive, archive.names[0])
        return {key: file.read(cid) for key, cid in file.records(file.root)}


def tree_of(keys: list[str]) -> tuple[bytes, dict[bytes, bytes]]:
    blocks: dict[bytes, bytes] = {}
    return add_tree(blocks, [(key.encode(), add_block(blocks, {"key": key})) for key in sorted(keys)]), blocks


def code_of(content: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        records_of(content)
    return caught.value.code


def detail_of(content: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        records_of(content)
    return str(caught.value.params["detail"])


def test_all_records_are_found_in_the_order_of_their_keys() -> None:
    records = records_of(packed(*tree_of(KEYS)))
    assert list(records) == sorted(KEYS)
    assert all(record == {"key": key} for key, record in records.items())


def test_the_order_of_the_blocks_does_not_matter_and_neither_do_others() -> None:
    root, blocks = tree_of(KEYS)
    backwards = dict(reversed(blocks.items()))
    raw = b"\x01\x55\x12\x20" + b"1" * 32
    content = packed(root, {raw: b"a picture", b"\x12\x20" + b"2" * 32: b"an old CID", **backwards})
    twice = content + packed(root, backwards)[len(packed(root, {})) :]
    assert list(records_of(twice)) == sorted(KEYS)


def test_a_file_inside_a_zip_is_read_the_same() -> None:
    assert records_of(zip_of_files({"a/repo.car": packed(*tree_of(KEYS))})) == records_of(packed(*tree_of(KEYS)))


def test_a_file_inside_a_zip_is_copied_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(car, "MAX_COPY", 100)
    assert code_of(zip_of_files({"repo.car": packed(*tree_of(KEYS))})) == "too_large_inside"


def test_a_file_by_itself_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(car, "MAX_COPY", 100)
    assert records_of(packed(*tree_of(KEYS)))


def test_the_copy_ends_with_its_reader() -> None:
    with open_archive(io.BytesIO(zip_of_files({"repo.car": packed(*tree_of(KEYS))})), "archive.zip") as archive:
        copy = CarFile(archive, "repo.car")._file
    gc.collect()
    assert copy.closed


def test_a_file_that_is_cut_off_or_goes_on_with_something_else_is_refused() -> None:
    content = packed(*tree_of(["a/1"]))
    assert detail_of(content[:-1]).endswith("a block is cut off")
    assert detail_of(content + b"\xff" * 10).endswith("a block is cut off")
    assert detail_of(content[:10]) == "byte 0: not the header of a CAR file"


def test_a_changed_block_is_refused() -> None:
    content = packed(*tree_of(["a/1"]))
    with pytest.raises(BlockError, match="wrong SHA-256"):
        records_of(content.replace(b"ckeyca/1", b"ckeyca/2"))


def test_a_missing_block_is_refused() -> None:
    root, blocks = tree_of(["a/1"])
    with pytest.raises(BlockError, match="no block"):
        records_of(packed(root, {root: blocks[root]}))


def test_a_block_that_is_no_cbor_or_nested_too_deep_is_refused() -> None:
    for content in (b"\xff\xff", b"\x81" * 100_000 + b"\x00"):
        blocks = {b"\x01\x71\x12\x20" + sha256(content).digest(): content}
        root = add_tree(blocks, [(b"a/1", next(iter(blocks)))])
        with pytest.raises(BlockError, match="DAG-CBOR"):
            records_of(packed(root, blocks))


def test_a_block_that_is_too_large_is_refused_before_it_is_read() -> None:
    root, blocks = tree_of(["a/1"])
    assert code_of(packed(root, blocks) + b"\x80\x80\x80\x02") == "too_large_inside"


def test_too_many_blocks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    root, blocks = tree_of(KEYS)
    monkeypatch.setattr(car, "MAX_BLOCKS", len(blocks))
    assert records_of(packed(root, blocks))
    assert code_of(packed(root, blocks) + sized(b"")) == "too_large_inside"


def test_too_many_nodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(car, "MAX_NODES", 5)
    assert code_of(packed(*tree_of(KEYS))) == "too_large_inside"


def test_a_node_of_unlikely_size_is_refused() -> None:
    blocks: dict[bytes, bytes] = {}
    root = add_block(blocks, {"l": None, "e": [], "x": "x" * car.MAX_NODE})
    assert "more than 65536 bytes" in detail_of(packed(root, blocks))


def test_a_tree_that_is_too_deep_is_refused() -> None:
    for depth, refused in ((car.MAX_DEPTH, False), (car.MAX_DEPTH + 1, True)):
        blocks: dict[bytes, bytes] = {}
        root = add_tree(blocks, [])
        for _ in range(depth - 1):
            root = add_block(blocks, {"l": root, "e": []})
        assert (
            (code_of(packed(root, blocks)) == "too_large_inside") if refused else records_of(packed(root, blocks)) == {}
        )


def test_a_node_in_two_places_of_the_tree_is_refused() -> None:
    blocks: dict[bytes, bytes] = {}
    leaf = add_tree(blocks, [(b"a/1", add_block(blocks, {}))])
    root = add_block(blocks, {"l": leaf, "e": [{"p": 0, "k": b"a/2", "v": add_block(blocks, {}), "t": leaf}]})
    assert detail_of(packed(root, blocks)) == "the keys are not in order"


def test_a_tree_that_doubles_at_every_level_ends_soon() -> None:
    blocks: dict[bytes, bytes] = {}
    root = add_tree(blocks, [])
    record = add_block(blocks, {})
    for level in range(40):
        entry = {"p": 0, "k": b"%02d" % level, "v": record, "t": root}
        root = add_block(blocks, {"l": root, "e": [entry]})
    started = time.monotonic()
    assert code_of(packed(root, blocks)) in {"damaged", "too_large_inside"}
    assert time.monotonic() - started < 5


def test_a_record_that_is_named_again_and_again_is_read_only_so_often() -> None:
    blocks: dict[bytes, bytes] = {}
    record = add_block(blocks, {"text": "x" * 20_000})
    root = add_tree(blocks, [(b"a/%03d" % number, record) for number in range(100)])
    assert detail_of(packed(root, blocks)) == "the same blocks again and again"


CID = b"\x01\x71\x12\x20" + b"1" * 32


@pytest.mark.parametrize(
    ("node", "detail"),
    [
        (None, "a node of the tree without entries"),
        ([], "a node of the tree without entries"),
        ({}, "a node of the tree without entries"),
        ({"l": None, "e": {}}, "a node of the tree without entries"),
        ({"l": 1, "e": []}, "a link of the tree is none"),
        ({"l": b"short", "e": []}, "a link of the tree is none"),
        ({"l": None, "e": [None]}, "an entry of the tree is incomplete"),
        ({"l": None, "e": [{"p": 0, "k": "text", "v": CID, "t": None}]}, "an entry of the tree is incomplete"),
        ({"l": None, "e": [{"p": 0, "k": b"a/1", "v": b"no CID", "t": None}]}, "a link of the tree is none"),
        ({"l": None, "e": [{"p": 0, "k": b"a/1", "v": CID, "t": "text"}]}, "a link of the tree is none"),
        ({"l": None, "e": [{"p": -1, "k": b"a/1", "v": CID, "t": None}]}, "an entry of the tree is incomplete"),
        ({"l": None, "e": [{"p": 1, "k": b"a/1", "v": CID, "t": None}]}, "an entry of the tree is incomplete"),
        ({"l": None, "e": [{"p": 2**63, "k": b"a/1", "v": CID, "t": None}]}, "an entry of the tree is incomplete"),
        ({"l": None, "e": entries([(b"", CID)])}, "a key of 0 bytes"),
        ({"l": None, "e": entries([(b"a" * 1025, CID)])}, "a key of 1025 bytes"),
    ],
)
def test_a_damaged_node_is_refused(node: Any, detail: str) -> None:
    blocks: dict[bytes, bytes] = {}
    assert detail_of(packed(add_block(blocks, node), blocks)) == detail


@pytest.mark.parametrize(
    "head", [b"", b"\x00", b"\xff" * 20, b"[{}]", sized(b"\xa0"), b"\x0a\xa1\x67version\x02", b"\xff\xff\xff\x7f\xa0"]
)
def test_what_is_no_car_file_is_not_taken_for_one(head: bytes) -> None:
    assert car_header(head) is None


def test_millions_of_blocks_take_little_memory() -> None:
    places = car._Blocks()
    cids = [car.PREFIX + sha256(b"%d" % number).digest() for number in range(20_000)]
    for number, cid in enumerate(cids):
        places.add(cid, number << 20, car.MAX_BLOCK)
    assert all(places.find(cid) == (number << 20, car.MAX_BLOCK) for number, cid in enumerate(cids))
    assert places.find(car.PREFIX + b"1" * 32) == (0, 0)
    assert sum(map(len, places._buckets.values())) == 16 * len(cids)


def test_every_cut_and_every_changed_byte_ends_in_an_error_or_in_entries() -> None:
    post = {"text": "a é", "createdAt": "2024-05-01T10:00:00Z", "facets": [{"index": {"byteStart": 0, "byteEnd": 1}}]}
    whole = car_of({key: {**post, "n": number} for number, key in enumerate(KEYS[:4])} | {"app.bsky.feed.like/1": {}})
    assert len(entries_or_error(whole)) == 4
    cuts = (whole[:size] for size in range(1, len(whole)))
    changed = (
        whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :] for at in range(len(whole)) for bits in (0xFF, 0x01)
    )
    for content in chain(cuts, changed):
        started = time.monotonic()
        assert len(entries_or_error(content)) <= 4
        assert time.monotonic() - started < 5


def entries_or_error(content: bytes) -> list[Entry]:
    """Return all entries, none if the file is refused; any other error is one of the code's."""
    try:
        with open_archive(io.BytesIO(content), "repo.car") as archive:
            return list(BlueskyReader(archive).entries())
    except ArchiveError:
        return []
