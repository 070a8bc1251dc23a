"""What an offline page may do, its style and its script: they stand in the page itself, so that it needs no other file.

Mail providers refuse a ZIP with a `.js` file inside, and a page from a file cannot fetch another file.
"""

import base64
import hashlib
from pathlib import Path

from django.utils.safestring import SafeString, mark_safe

ASSETS = Path(__file__).parent / "assets"


def page_head(*, script: str, frames: bool = False) -> dict[str, SafeString | str]:
    """Return a template's `style`, `script` and `policy`; `frames` are other pages of the archive, opened out of sight.

    The policy (https://www.w3.org/TR/CSP3/) allows exactly this style and this script: whatever else a member's text
    could smuggle into a page would do nothing, and a page can send nothing anywhere.
    """
    style, code = (ASSETS / "archive.css").read_text(), (ASSETS / script).read_text()
    rules = {
        "default-src": "'none'",
        "style-src": _digest(style),
        "script-src": _digest(code),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if frames:
        rules["frame-src"] = "'self' file:"
    policy = "; ".join(f"{rule} {sources}" for rule, sources in rules.items())
    return {"style": mark_safe(style), "script": mark_safe(code), "policy": policy}  # noqa: S308 - our own files


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
