"""What is wrong with an archive."""

MAX_LENGTH = 300  # characters


class DamagedError(Exception):
    """Says what is wrong, in one line that any terminal can show: what it names comes from the file."""

    def __init__(self, problem: str) -> None:
        super().__init__(_one_line(problem))


class FormatError(DamagedError):
    """What is in a file breaks the format; its bytes may be as they were made all the same."""


def _one_line(text: str) -> str:
    line = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[:MAX_LENGTH]
    )
    return line if len(text) <= MAX_LENGTH else f"{line}…"
