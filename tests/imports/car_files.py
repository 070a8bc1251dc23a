"""CAR files made by hand, as Bluesky writes them."""

from hashlib import sha256
from typing import Any

import libipld

DID = "did:plc:ada"


def car_of(records: dict[str, Any], did: str = DID) -> bytes:
    """Return a repository; `records` is key -> record."""
    blocks: dict[bytes, bytes] = {}
    values = {key.encode(): add_block(blocks, record) for key, record in records.items()}
    return car_of_tree(blocks, add_tree(blocks, sorted(values.items())), did)


def car_of_tree(blocks: dict[bytes, bytes], tree: bytes, did: str = DID) -> bytes:
    """Return a repository with the tree whose CID is given."""
    commit = {"did": did, "version": 3, "data": tree, "rev": "3k4duaz5vfs2b", "prev": None, "sig": b"not checked"}
    root = add_block(blocks, commit)
    return packed(root, blocks)


def packed(root: bytes, blocks: dict[bytes, bytes]) -> bytes:
    """Return a CAR file of blocks by their CIDs."""
    header = libipld.encode_dag_cbor({"version": 1, "roots": [root]})
    return sized(header) + b"".join(sized(cid + content) for cid, content in blocks.items())


def add_block(blocks: dict[bytes, bytes], value: Any) -> bytes:
    """Add a block and return its CID; bytes that are a CID become a link."""
    content = libipld.encode_dag_cbor(value)
    cid = b"\x01\x71\x12\x20" + sha256(content).digest()
    blocks[cid] = content
    return cid


def add_tree(blocks: dict[bytes, bytes], values: list[tuple[bytes, bytes]]) -> bytes:
    """Add a tree with nodes of one entry and leaves of up to three; `values` are (key, CID) in order."""
    if len(values) <= 3:
        return add_block(blocks, {"l": None, "e": entries(values)})
    middle = len(values) // 2
    [entry] = entries(values[middle : middle + 1])
    entry["t"] = add_tree(blocks, values[middle + 1 :])
    return add_block(blocks, {"l": add_tree(blocks, values[:middle]), "e": [entry]})


def entries(values: list[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    """Return the entries of one node, each key without what it shares with the one before."""
    result: list[dict[str, Any]] = []
    before = b""
    for key, cid in values:
        shared = next((at for at, (one, other) in enumerate(zip(before, key, strict=False)) if one != other), 0)
        result.append({"p": shared, "k": key[shared:], "v": cid, "t": None})
        before = key
    return result


def sized(content: bytes) -> bytes:
    """Return bytes after their number as a varint."""
    number, size = len(content), b""
    while number > 127:
        size += bytes([number & 127 | 128])
        number >>= 7
    return size + bytes([number]) + content
