"""Which release came before this code: what must be able to run beside it while it is rolled out."""

import shutil
import subprocess
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
NAMED = BASE_DIR / "e2e/releases/previous"
"""Names a commit, for as long as no release has a tag."""


class NoPreviousReleaseError(Exception):
    """The previous release cannot be looked at; the message says why, and what to do."""


def previous_release() -> str:
    """Return the newest tag `v*` before this commit, or the commit that NAMED names. Raises NoPreviousReleaseError."""
    if not shutil.which("git"):
        raise NoPreviousReleaseError("Git is not installed; on Debian: apt install git")
    try:
        return git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^").strip()
    except NoPreviousReleaseError:
        commit = NAMED.read_text().strip()
    try:
        git("cat-file", "-e", f"{commit}^{{commit}}")
    except NoPreviousReleaseError as error:
        raise NoPreviousReleaseError(f"{error} The history is needed: git fetch --unshallow --tags") from error
    return commit


def files_of(release: str) -> set[str]:
    """Return the paths of all files in that release. Raises NoPreviousReleaseError."""
    return set(git("ls-tree", "-r", "--name-only", "-z", release).split("\0"))


def git(*arguments: str) -> str:
    """Return what Git says in this checkout; raises NoPreviousReleaseError with its complaint."""
    try:
        result = subprocess.run(["git", *arguments], cwd=BASE_DIR, capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        raise NoPreviousReleaseError(f"Git says: {error.stderr.strip()}.") from error
    return result.stdout
