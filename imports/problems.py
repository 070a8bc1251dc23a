"""Why a file cannot be imported, for its member: the codes of ArchiveError, and of the tasks that failed for them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from tasks.exceptions import TaskRefusedError
from tasks.job import Text
from tasks.models.failure import Failure

PROBLEMS: dict[str, Text] = {
    "empty": _("The file is empty. Download the archive from the other service again, and upload that."),
    "unknown": _(
        "We don't recognize this file. We read archives of Mastodon and compatible servers, Pixelfed, "
        "X (Twitter), Bluesky, Misskey and Microblog. Upload the file as you downloaded it."
    ),
    "damaged": _("The file is damaged%(where)s. Download the archive again, and upload that."),
    "not_json": _("The file isn't valid JSON%(where)s. If another program has changed it, upload the original."),
    "wrong_digest": _("The file has been changed or damaged%(where)s. Upload the archive as you downloaded it."),
    "too_large_inside": _("The file holds more than we can read%(where)s."),
    "too_many_files": _("The file holds too many files. The limit is %(detail)s."),
    "no_file": _("We no longer have the file. Please upload it again."),
}
"""By code; `where` names the file inside, and the place."""


def problem_text(code: str, params: dict[str, Any]) -> str:
    """Return the sentence, in the active language; empty for a code that is not of imports."""
    text = PROBLEMS.get(code)
    place = ": ".join(filter(None, (params.get("name"), params.get("detail"))))
    return str(text) % {"where": f" ({place})" if place else "", "detail": params.get("detail", "")} if text else ""


class ImportRefusedError(TaskRefusedError):
    """No other attempt could read the file; the member is told why."""

    is_ours = False

    def __init__(self, code: str, params: dict[str, Any] | None = None) -> None:
        super().__init__(Failure(code, params or {}))
