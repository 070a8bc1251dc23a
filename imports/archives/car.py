"""CAR files of version 1, as Bluesky writes repositories: blocks that link to each other by their SHA-256.

Nothing in them is trusted: a block is hashed when it is read, and the tree is walked within bounds.
"""

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from io import SEEK_END
from struct import Struct
from typing import Any, BinaryIO, cast
from weakref import finalize

import libipld
from django.conf import settings

from imports.archives.archive import BUFFER, HEAD, Archive, ArchiveError

MAX_BLOCKS = 3_000_000
MAX_BLOCK = 256 * 1024
MAX_NODES = 1_000_000
MAX_NODE = 64 * 1024
"""Bytes of a node of the tree; four entries are usual. A path of them is in memory at once."""
MAX_DEPTH = 64
MAX_KEY = 1024
MAX_COPY = 2 * 1024**3
"""Bytes of a CAR file inside another archive, which is copied."""
VARINT = 4
"""Bytes of the longest length that is read: it suffices for any block that is."""
MORE = 0x80
"""The bit of a length's byte that says that another follows."""
PREFIX = b"\x01\x71\x12\x20"
"""How a CID of DAG-CBOR begins; its SHA-256 follows."""
CID = len(PREFIX) + 32


class BlockError(ArchiveError):
    """A single block is missing or damaged."""


class CarFile:
    """The blocks of a CAR file, and the trees of records among them."""

    def __init__(self, archive: Archive, name: str) -> None:
        """Find its blocks. Raises ArchiveError."""
        self.name = name
        self._file = self._seekable(archive)
        size = self._file.seek(0, SEEK_END)
        header = car_header(self._bytes(0, HEAD))
        if not header:
            raise self.error("damaged", "byte 0: not the header of a CAR file")
        self.root, begin = header
        self._blocks = _Blocks()
        self._find_blocks(begin, size)
        # Each block is needed once; equal records share one. A hostile tree names one again and again.
        self._left = 2 * size

    def error(self, code: str, detail: str, kind: type[ArchiveError] = ArchiveError) -> ArchiveError:
        """Return an error about this file."""
        return kind(code, name=self.name, detail=detail)

    def read(self, cid: bytes, most: int = MAX_BLOCK) -> Any:
        """Return a block, decoded. Raises BlockError, and ArchiveError if the same blocks are read too often."""
        position, length = self._blocks.find(cid)
        if not length or length > most:
            raise self.error("damaged", f"a block of more than {most} bytes" if length else "no block", BlockError)
        self._left -= length
        if self._left < 0:
            raise self.error("too_large_inside", "the same blocks again and again")
        content = self._bytes(position, length)
        if PREFIX + sha256(content).digest() != cid:
            raise self.error("damaged", f"byte {position}: a wrong SHA-256", BlockError)
        try:
            return libipld.decode_dag_cbor(content)
        except (ValueError, RecursionError) as error:
            raise self.error("damaged", f"byte {position}: {error}", BlockError) from error

    def records(self, tree: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield (key, CID) of the records of a tree, in the order of the keys' bytes. Raises ArchiveError."""
        path = [iter([(b"", tree)])]
        nodes, last = 0, b""
        while path:
            key, cid = next(path[-1], (b"", b""))
            if not cid:
                path.pop()
            elif not key:
                nodes += 1
                if nodes > MAX_NODES or len(path) > MAX_DEPTH:
                    raise self.error("too_large_inside", f"a tree of {nodes} nodes and a depth of {len(path)}")
                path.append(iter(self._steps(cid)))
            elif key > last:
                last = key
                yield key.decode(errors="replace"), cid
            else:
                raise self.error("damaged", "the keys are not in order")

    def _steps(self, cid: bytes) -> list[tuple[bytes, bytes]]:
        """Return what a node of the tree has, in order: (key, CID of a record) or (no key, CID of a node below)."""
        node = self.read(cid, MAX_NODE)
        if not isinstance(node, dict) or not isinstance(node.get("e"), list):
            raise self.error("damaged", "a node of the tree without entries")
        steps = [(b"", node.get("l"))]
        key = b""
        for entry in node["e"]:
            match entry:
                case {"p": int(shared), "k": bytes(rest), "v": bytes(value)} if 0 <= shared <= len(key):
                    key = key[:shared] + rest
                    steps += [(key, value), (b"", entry.get("t"))]
                case _:
                    raise self.error("damaged", "an entry of the tree is incomplete")
            if not 0 < len(key) <= MAX_KEY:
                raise self.error("damaged", f"a key of {len(key)} bytes")
        if any(link is not None and not is_cid(link) for _, link in steps):
            raise self.error("damaged", "a link of the tree is none")
        return [(key, link) for key, link in steps if link]

    def _find_blocks(self, position: int, end: int) -> None:
        count = 0
        while position < end:
            head = self._bytes(position, VARINT + CID)
            length, size = _varint(head)
            following = position + size + length
            count += 1
            if length > CID + MAX_BLOCK or count > MAX_BLOCKS:
                raise self.error("too_large_inside", f"byte {position}: block {count}, of {length} bytes")
            if not size or following > end:
                raise self.error("damaged", f"byte {position}: a block is cut off")
            if length > CID and head[size:].startswith(PREFIX):
                self._blocks.add(head[size : size + CID], position + size + CID, length - CID)
            position = following

    def _bytes(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        return self._file.read(size)

    def _seekable(self, archive: Archive) -> BinaryIO:
        """Return the file for reading at any position.

        Inside a ZIP each step back would unpack everything before it again, so that one is copied, to a file without
        a name that ends with this object.
        """
        if archive.is_single:
            return archive._open(self.name)
        if shutil.disk_usage(settings.VAR_DIR).free < MAX_COPY + settings.EXPORT_FREE_SPACE_RESERVE:
            raise self.error("too_large_inside", "the site has no room for it now")
        copy = tempfile.TemporaryFile(dir=settings.VAR_DIR, prefix="car-")  # noqa: SIM115 - finalize closes it
        finalize(self, copy.close)
        with archive.open(self.name) as packed:
            while content := packed.read(BUFFER):
                copy.write(content)
                if copy.tell() > MAX_COPY:
                    raise self.error("too_large_inside", f"more than {MAX_COPY} bytes")
        return cast(BinaryIO, copy)


class _Blocks:
    """Where blocks lie, in about 32 bytes each: a dict takes five times that, and there may be millions."""

    PLACE = Struct("<8sQ")  # the digest's beginning; then position and length, the latter in LENGTH bits
    LENGTH = 22
    BUCKETS = 2**16

    def __init__(self) -> None:
        self._buckets: defaultdict[int, bytearray] = defaultdict(bytearray)

    def _bucket(self, cid: bytes) -> bytearray:
        # The process's own secret is in the hash: no file can fill one bucket alone with different blocks.
        return self._buckets[hash(cid) % self.BUCKETS]

    def add(self, cid: bytes, position: int, length: int) -> None:
        bucket = self._bucket(cid)
        bucket += self.PLACE.pack(cid[len(PREFIX) :][:8], position << self.LENGTH | length)

    def find(self, cid: bytes) -> tuple[int, int]:
        """Return position and length; (0, 0) if there is no such block."""
        wanted = cid[len(PREFIX) :][:8]
        places = self.PLACE.iter_unpack(self._bucket(cid))
        place = next((place for digest, place in places if digest == wanted), 0)
        return place >> self.LENGTH, place & (1 << self.LENGTH) - 1


def car_header(head: bytes) -> tuple[bytes, int] | None:
    """Return the root's CID and where the blocks begin, from a file's beginning; None if that is no CAR file's."""
    length, size = _varint(head)
    try:
        header = libipld.decode_dag_cbor(head[size : size + length])
    except (ValueError, RecursionError):
        return None
    match header:
        case {"version": 1, "roots": [root, *_]} if is_cid(root):
            return root, size + length
    return None


def is_cid(value: Any) -> bool:
    """Return whether it is the CID of a block that can be read here."""
    return isinstance(value, bytes) and len(value) == CID and value.startswith(PREFIX)


def _varint(content: bytes) -> tuple[int, int]:
    """Return the number at the beginning, and of how many bytes it is; (0, 0) if it is cut off or too large."""
    number = 0
    for size, byte in enumerate(content[:VARINT], start=1):
        number |= (byte & ~MORE) << 7 * (size - 1)
        if not byte & MORE:
            return number, size
    return 0, 0
