"""Rules for the texts of posts and, with another limit, of messages."""

import regex
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

MAX_CHARACTERS = 140
# A character can consist of several code points (a flag of 2, a family of 7); one of hundreds is an attack.
CODE_POINTS_A_CHARACTER = 10

# `\X` looks back to the beginning of a run of flags for each of its halves. Matching pairs first makes counting take
# linear time.
_GRAPHEME = regex.compile(r"\p{GCB=RI}{2}(?![\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}])|\X")
_SURROGATE = regex.compile("[\ud800-\udfff]")


def count_characters(text: str) -> int:
    """Return the number of characters as people count them: extended grapheme clusters (Unicode 18, UAX #29).

    composer.js counts by the same rules, also in browsers that have those of Unicode 17.
    """
    return sum(1 for _match in _GRAPHEME.finditer(text))


def validate_body(body: str, limit: int = MAX_CHARACTERS) -> None:
    """Raise ValidationError, saying what to change, unless `body` is a valid text of at most `limit` characters.

    The cheapest checks come first: a megabyte is rejected before anything reads it.
    """
    most = CODE_POINTS_A_CHARACTER * limit
    if len(body) > most:
        raise ValidationError(
            _(
                "The limit is %(limit)d characters and %(most)d code points, "
                "and your text has %(length)d code points. Shorten it."
            ),
            code="too_complex",
            params={"limit": limit, "most": most, "length": len(body)},
        )
    validate_content(body)
    length = count_characters(body)
    if length > limit:
        raise ValidationError(
            ngettext_lazy(
                "The limit is %(limit)d characters, and your text has %(length)d. Shorten it by %(excess)d character.",
                "The limit is %(limit)d characters, and your text has %(length)d. Shorten it by %(excess)d characters.",
                "excess",
            ),
            code="too_long",
            params={"limit": limit, "length": length, "excess": length - limit},
        )


def validate_content(body: str) -> None:
    """Raise ValidationError if `body` is blank, or has characters that cannot be stored or exported."""
    if not body.strip():
        raise ValidationError(_("Write something first. The text can't be blank."), code="blank")
    if "\x00" in body:
        raise ValidationError(
            _("The text can't contain the NUL character (U+0000). Remove it and try again."), code="nul"
        )
    if _SURROGATE.search(body):
        raise ValidationError(
            _("The text can't contain half of a surrogate pair (U+D800 to U+DFFF). Remove it and try again."),
            code="surrogate",
        )
