"""The files in the archive's root and in `account/`: what each contains, and to which part it belongs."""

from collections.abc import Collection
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.member_data import MEMBER_DATA, Part
from exports.formats.activity_streams import EMPTY_COLLECTIONS


class FileGroup(NamedTuple):
    """Files that are described together."""

    names: tuple[str, ...]
    contents: str | Promise
    part: Part | None = None
    """None: they are in every archive."""


FIXED = (
    FileGroup(("index.html",), _("Start here. Open it in a browser to read everything in this archive.")),
    FileGroup(
        ("posts.json",), _("Your posts for other programs: the text and time of each, oldest first."), Part.POSTS
    ),
    FileGroup(
        ("posts.csv",),
        _("Your posts for a spreadsheet. Text that a spreadsheet would run as a formula starts with an apostrophe."),
        Part.POSTS,
    ),
    FileGroup(("profile.json",), _("Your account.")),
    FileGroup(("account.html",), _("The records about your account, to read in a browser."), Part.ACCOUNT),
    FileGroup(("follows.json", "followers.json"), _("The people you follow, and your followers."), Part.PEOPLE),
    FileGroup(("messages.json",), _("The messages you sent and received."), Part.MESSAGES),
    FileGroup(
        ("actor.json", "outbox.json"),
        _("Your profile and posts as ActivityStreams, in the format of a Mastodon archive."),
        Part.POSTS,
    ),
    FileGroup(EMPTY_COLLECTIONS, _("Empty lists that tools for Mastodon archives expect."), Part.POSTS),
    FileGroup(("skipped.json",), _("What couldn't be exported, and why.")),
    FileGroup(("manifest.json",), _("The size and the SHA-256 of each file.")),
)


def file_groups(parts: Collection[Part] = frozenset(Part)) -> list[FileGroup]:
    """Return the files of an archive with these parts, those that apps have registered last."""
    registered = (FileGroup((data.file(),), data.contents, data.part) for data in MEMBER_DATA)
    return [group for group in (*FIXED, *registered) if group.part is None or group.part in parts]


def files_of(parts: Collection[Part]) -> set[str]:
    """Return the names of the files that belong to these parts."""
    return {name for group in file_groups(parts) if group.part for name in group.names}
