"""The steps of docs/operations.md: the blocks that are marked `sh`, under each heading, as they stand there."""

import re
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(heading: str) -> list[str]:
    """Return the blocks under `### heading`; raises LookupError if there are none."""
    text = GUIDE.read_text()
    _before, found, rest = text.partition(f"\n### {heading}\n")
    blocks = BLOCK.findall(re.split(r"^##+ ", rest, maxsplit=1, flags=re.MULTILINE)[0])
    if not found or not blocks:
        raise LookupError(f"{GUIDE} has no steps under {heading!r}")
    return blocks
