"""Rules for usernames and moments."""

from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

MAX_LENGTH = 30
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Every time zone, cursor and file format can hold a moment between them."""

username_validators = [
    RegexValidator(
        r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,29}\Z",
        _("Use 1 to 30 letters (a to z), digits, dots, hyphens or underscores; a dot or hyphen cannot come first."),
    )
]


def validate_moment(moment: datetime) -> None:
    """Raise ValidationError unless a moment lies between EARLIEST and LATEST."""
    if not EARLIEST <= moment < LATEST:
        raise ValidationError(
            _("%(moment)s is out of range. Give a moment from %(first)d to %(last)d."),
            code="out_of_range",
            params={"moment": moment.isoformat(), "first": EARLIEST.year, "last": LATEST.year - 1},
        )
