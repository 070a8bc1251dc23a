"""The plan of the simulated members and its outcome, which two processes exchange as JSON."""

from dataclasses import dataclass, field
from math import inf
from typing import Any, Self

import orjson

NEVER = inf


@dataclass(frozen=True)
class Member:
    """A member with an open tab."""

    username: str
    session: str
    """The cookie's value."""
    since: str = "0"
    """From where to poll on, as the page says it."""
    export: str = ""
    """The kind that the member will export; empty for none."""
    size: str = ""
    """`small` or `large`: by their posts."""


@dataclass(frozen=True)
class Plan:
    """All times are in seconds."""

    port: int
    members: list[Member]
    seconds: float
    """How long the tabs stay open, or until the last export is over."""
    read_every: float = NEVER
    """The mean time between two pages that a member reads."""
    exports_at: float = NEVER
    """When those who export click, all at once."""
    export_pause: float = NEVER
    """The mean time from an export's end to the member's next one; such members also delete files again."""
    give_up_after: float = 600
    """When whatever is not over counts as lost."""
    polls: bool = True
    seed: int = 22

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Return what `as_json` made."""
        fields: dict[str, Any] = orjson.loads(text)
        fields["members"] = [Member(**member) for member in fields["members"]]
        fields |= {name: NEVER for name, value in fields.items() if value is None}
        return cls(**fields)


@dataclass
class Export:
    """An export as its member saw it."""

    username: str
    kind: str
    size: str
    task_id: str = ""
    status: str = ""
    """As the poll told it last; empty when nothing was told."""
    seconds: float = 0.0
    """From the click until the member was told of the end."""
    sha256: str = ""
    """Of what was downloaded."""


@dataclass
class Outcome:
    """The results of the simulated members."""

    seconds: float = 0.0
    requests: dict[str, list[float]] = field(default_factory=dict)
    """By what was asked for: the milliseconds until the answer was whole."""
    errors: dict[str, int] = field(default_factory=dict)
    """What was no answer, and how often."""
    troubles: list[tuple[float, str]] = field(default_factory=list)
    """The same, each with the time since 1970."""
    exports: list[Export] = field(default_factory=list)
    cpu_seconds: float = 0.0
    lateness: float = 0.0
    """Milliseconds by which the crowd itself was late, in 95 of 100 cases: so much of its times is its own."""

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Return what `as_json` made."""
        fields = orjson.loads(text)
        fields["exports"] = [Export(**export) for export in fields["exports"]]
        return cls(**fields)


def as_json(value: Any) -> bytes:
    """Return a plan or an outcome as JSON; infinity becomes null."""
    return orjson.dumps(value)
