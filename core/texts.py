"""Texts of strangers that are stored for staff: what a mail server answers, what an error says."""

LONGEST = 2_000
"""Code points of one that are kept."""


def storable(text: str, longest: int = LONGEST) -> str:
    """Return the beginning of the text, with `?` for what a database refuses: NUL, and half characters."""
    return text[:longest].replace("\x00", "?").encode(errors="replace").decode()
