"""Text from strangers that is stored for staff: what a mail server answers, what an error says."""

MAX_LENGTH = 2_000
"""Code points that are kept."""


def storable(text: str, max_length: int = MAX_LENGTH) -> str:
    """Return the beginning of the text, with `?` for what a database refuses.

    PostgreSQL refuses NUL, and no database stores half of a surrogate pair.
    """
    return text[:max_length].replace("\x00", "?").encode(errors="replace").decode()
