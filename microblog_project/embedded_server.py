"""The queue server of a machine that has none: a Valkey started from its wheel."""

from pathlib import Path

DEFAULT_URL = "redis://127.0.0.1:6379/0"


def running_url(var_dir: Path) -> str | None:
    """Return the embedded server's URL if one is running for this folder."""
    return None


def offer_to(argv: list[str]) -> None:
    """Start or join the embedded server when the command in `argv` needs a queue and none is configured."""
