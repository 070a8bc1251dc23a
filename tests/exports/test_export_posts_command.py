"""`manage.py export_posts`: the member's file, for staff."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from exports.models import Archive


def test_it_writes_the_same_bytes_as_the_members_own_export(exported: Archive, tmp_path: Path) -> None:
    call_command("export_posts", "susan", output=tmp_path / "posts.json")
    with exported.file.open("rb") as file:
        assert (tmp_path / "posts.json").read_bytes() == file.read()


def test_it_says_how_many_posts(susan: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_posts", "susan", output=tmp_path / "posts.json")
    assert "3 posts written" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "posts.json").read_text())["posts"]) == 3


def test_an_unknown_member_is_named(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="'nobody'"):
        call_command("export_posts", "nobody", output=tmp_path / "posts.json")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_not_overwritten(susan: User, tmp_path: Path) -> None:
    (tmp_path / "posts.json").write_text("precious")
    with pytest.raises(CommandError, match="already exists"):
        call_command("export_posts", "susan", output=tmp_path / "posts.json")
    assert (tmp_path / "posts.json").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_named(susan: User, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("export_posts", "susan", output=tmp_path / "missing" / "posts.json")
