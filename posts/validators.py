"""What a post may say."""

import regex
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

MAX_CHARACTERS = 140
# A character may be built of several code points (a flag of 2, a family of 7); one of hundreds is an attack.
MAX_CODE_POINTS = 10 * MAX_CHARACTERS

_GRAPHEME = regex.compile(r"\X")


def count_characters(text: str) -> int:
    """Return the number of characters as people count them: extended grapheme clusters (Unicode UAX #29)."""
    return sum(1 for _match in _GRAPHEME.finditer(text))


def validate_body(body: str) -> None:
    """Raise ValidationError, saying what to change, unless `body` can be a post."""
    validate_content(body)
    validate_length(body)


def validate_content(body: str) -> None:
    """Raise ValidationError unless `body` says something, in characters that can be kept and exported."""
    if not body.strip():
        raise ValidationError(_("Write something first: a post cannot be blank."), code="blank")
    if "\x00" in body:
        raise ValidationError(
            _("A post cannot contain the NUL character (U+0000). Remove it and try again."), code="nul"
        )
    if any("\ud800" <= character <= "\udfff" for character in body):
        raise ValidationError(
            _("A post cannot contain half of a surrogate pair (U+D800 to U+DFFF). Remove it and try again."),
            code="surrogate",
        )


def validate_length(body: str) -> None:
    """Raise ValidationError unless `body` has at most MAX_CHARACTERS characters, of reasonable build."""
    length = count_characters(body)
    if length > MAX_CHARACTERS:
        raise ValidationError(
            ngettext_lazy(
                "A post has at most %(limit)d characters; yours has %(length)d. Shorten it by %(excess)d character.",
                "A post has at most %(limit)d characters; yours has %(length)d. Shorten it by %(excess)d characters.",
                "excess",
            ),
            code="too_long",
            params={"limit": MAX_CHARACTERS, "length": length, "excess": length - MAX_CHARACTERS},
        )
    if len(body) > MAX_CODE_POINTS:
        raise ValidationError(
            _("The characters of a post can be built of at most %(limit)d code points; yours has %(length)d."),
            code="too_complex",
            params={"limit": MAX_CODE_POINTS, "length": len(body)},
        )
