"""JSON files of any length and any damage."""

import codecs
import io
import json
import tracemalloc
from typing import Any

import pytest

from imports.archives import json_stream
from imports.archives.archive import ArchiveError, open_archive
from imports.archives.json_stream import json_document, json_head, json_items
from tests.imports.reading import zip_of

pytestmark = pytest.mark.processes  # no database is used


def items(content: bytes | str, path: str = "item", **options: Any) -> list[Any]:
    content = content.encode() if isinstance(content, str) else content
    with open_archive(io.BytesIO(content), "a.json") as archive:
        return list(json_items(archive, "a.json", path, **options))


def document(content: bytes, **options: Any) -> Any:
    with open_archive(io.BytesIO(content), "a.json") as archive:
        return json_document(archive, "a.json", **options)


def problem(content: bytes | str, path: str = "item", **options: Any) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        items(content, path, **options)
    return caught.value


NESTED = {"a": {"b": [1, {"c": [2, 3]}, {"c": 4}, [5]]}, "b": [6], "c": 7}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", [NESTED]),
        ("a.b.item", NESTED["a"]["b"]),  # type: ignore[index]
        ("a.b.item.c.item", [2, 3]),
        ("a.b.item.c", [[2, 3], 4]),
        ("b.item", [6]),
        ("c", [7]),
        ("c.item", []),
        ("b.c", []),
        ("d", []),
        ("item", []),
    ],
)
def test_the_values_at_a_path_are_found(path: str, expected: list[Any]) -> None:
    assert items(json.dumps(NESTED), path) == expected
    assert items(json.dumps(NESTED, indent="\t").replace("\n", "\r\n"), path) == expected


def test_values_of_every_type_are_read_wherever_a_read_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [0, -12345, 1.5e-7, 1e100, True, False, None, "", 'ü "\\ 🦔\n', [], {}, [[], {"a": [{}]}], {"b": "]}"}]
    for size in range(2, 12):
        monkeypatch.setattr(json_stream, "HEAD", size)
        monkeypatch.setattr(json_stream, "BUFFER", size)
        assert items(json.dumps(values)) == values
        assert items(json.dumps(values, ensure_ascii=False)) == values
        assert items(json.dumps(values, ensure_ascii=False).encode("utf-16")) == values


def test_a_file_in_an_archive_is_read_as_well() -> None:
    with open_archive(io.BytesIO(zip_of(x=[1, 2])), "a.zip") as archive:
        assert list(json_items(archive, "x", "item")) == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_and_utf_16_are_read(encoding: str) -> None:
    content = '["ü🦔"]'.encode(encoding)
    assert items(content) == ["ü🦔"]
    assert document(content) == ["ü🦔"]
    with open_archive(io.BytesIO(content), "a.json") as archive:
        assert json_head(archive, "a.json") == '["ü🦔"]'.encode()


def test_utf_16_of_big_endian_machines_is_read() -> None:
    assert items(codecs.BOM_UTF16_BE + '["ü"]'.encode("utf-16-be")) == ["ü"]


@pytest.mark.parametrize("script", ["window.YTD.tweets.part0 = [1];\n", "x=[1]", "\ufeffx =\n\n[\n1\n] ; ;\r\n"])
def test_a_script_is_read_without_what_is_around_its_json(script: str) -> None:
    assert items(script, after=b"=") == [1]
    assert document(script.encode(), after=b"=") == [1]


def test_a_script_without_its_sign_is_no_json() -> None:
    error = problem("[1]", after=b"=")
    assert (error.code, error.params) == ("not_json", {"name": "a.json", "detail": "no = at the beginning"})


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('[1, {"a": "bc', 10),
        ("[1, 2", 5),
        ("[1, 2,]", 6),
        ("[1 2]", 3),
        ("[1]]", 3),
        ("[1] x", 4),
        ("{'a': 1}", 1),
        ("{a: 1}", 1),
        ("", 1),
        ("hello", 0),
        ("[1, nul]", 4),
        (b'["ab\xff"]', 4),
        (b'["ab\xc3', 4),
        ('["a\nb"]', 3),
        (b"\x89PNG\r\n\x1a\n", 0),
        ("[" + "9" * 5000 + "]", 1),
    ],
)
def test_what_is_no_json_is_reported_with_its_place(content: bytes | str, place: int) -> None:
    error = problem(content or " ")
    assert (error.code, error.params["name"]) == ("not_json", "a.json")
    assert error.params["detail"].startswith(f"character {place}: ")


def test_items_before_the_damage_are_read() -> None:
    with open_archive(io.BytesIO(b"[1, 2, " + b" " * 200_000 + b"x]"), "a.json") as archive:
        found = json_items(archive, "a.json", "item")
        assert [next(found), next(found)] == [1, 2]
        with pytest.raises(ArchiveError, match="character 200007"):
            next(found)


def test_lists_inside_each_other_are_bounded() -> None:
    assert problem('{"a": [' + "[" * 1_000_000, "a.item").code == "not_json"
    assert problem('{"a":' * 1_000_000, "").code == "not_json"


def test_an_item_that_is_too_large_is_refused_and_not_one_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_ITEM", 1000)
    monkeypatch.setattr(json_stream, "HEAD", 100)
    monkeypatch.setattr(json_stream, "BUFFER", 100)
    assert len(items(json.dumps(["x" * 900] * 50))) == 50
    error = problem(json.dumps(["x", "x" * 5000]))
    assert error.code == "too_large_inside"
    assert error.params["detail"] == "more than 1000 characters from character 6 on"
    assert problem(json.dumps({"other": "x" * 5000, "a": []}), "a.item").code == "too_large_inside"
    assert problem(json.dumps({"name": "x" * 5000}), "").code == "too_large_inside"  # a document is one item
    assert items(json.dumps({"other": ["x" * 900] * 50, "a": [1]}), "a.item") == [1]  # a list that is passed is not


def test_memory_does_not_grow_with_the_file() -> None:
    content = json.dumps({"a": ["x" * 1000] * 5000}).encode()
    with open_archive(io.BytesIO(content), "a.json") as archive:
        tracemalloc.start()
        count = sum(1 for _item in json_items(archive, "a.json", "a.item"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count == 5000
    assert peak < len(content) / 4


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"cut \ud83d", "cut �"),
        (r"\uDD94 first", "� first"),
        (r"\ud83e\ud83e\udd94", "�🦔"),
        (r"\ud83e\uDD94", "🦔"),
        (r"\\ud83e", r"\ud83e"),
        (r"\\\ud83e", "\\�"),
        (r"\u00fc \ud83e \u0041", "ü � A"),
    ],
)
def test_half_of_a_surrogate_pair_is_replaced(written: str, read: str) -> None:
    assert items(f'[1, {{"a": "{written}"}}, 2]') == [1, {"a": read}, 2]
