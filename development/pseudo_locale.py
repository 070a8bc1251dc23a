"""Two generated languages that show, in development and in tests, what a translation would run into.

`en-xa` accents every letter, brackets every text and makes it a third longer: plain English is missing from the
catalogue, and cut-off texts have too little room. `ar-xb` is the same from right to left. Texts are generated on
demand, so every text that passes gettext has them, including Django's and allauth's.
"""

import gettext
import re
from string import ascii_letters

from django.utils.translation import trans_real

LANGUAGES = [("en-xa", "Pseudo-locale"), ("ar-xb", "Pseudo-locale, right to left")]
OPENING, CLOSING = "⟦⟧"

ACCENTED = str.maketrans(
    ascii_letters,
    "áƀçðéƒĝĥîĵķĺɱñöþǫŕšţûṽŵẋýžÁƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ",
)
# Placeholders, tags, entities and URLs must stay as they are.
KEPT = re.compile(r"(%(?:\(\w+\))?[-#0+]*[\d.]*[a-zA-Z%]|\{[^{}]*\}|<[^<>]+>|&#?\w+;|https?://[^\s<>\"]+)")
WORD = re.compile(r"[^\W\d_]+")
PADDING_GROUP = 8  # dots; a line must be able to break between them
CONTEXT = "\x04"  # gettext's separator of a context and its text
RIGHT_TO_LEFT, END = "\u202e", "\u202c"


def pseudo(text: str, *, right_to_left: bool = False) -> str:
    """Return the text with accents, in brackets and longer; a text without letters is returned unchanged."""
    parts = KEPT.split(text)  # the kept ones are the odd ones
    letters = sum(len(word) for part in parts[::2] for word in WORD.findall(part))
    if not letters:
        return text
    parts[::2] = [accented(part, right_to_left=right_to_left) for part in parts[::2]]
    return f"{OPENING}{''.join(parts)} {padding(letters // 3 or 1)}{CLOSING}"


def accented(text: str, *, right_to_left: bool) -> str:
    """Return the text with accents; with each word reversed for `right_to_left`."""
    text = text.translate(ACCENTED)
    return WORD.sub(lambda word: f"{RIGHT_TO_LEFT}{word[0]}{END}", text) if right_to_left else text


def padding(length: int) -> str:
    """Return `length` dots, in groups."""
    dots = "·" * length
    return " ".join(dots[start : start + PADDING_GROUP] for start in range(0, length, PADDING_GROUP))


class PseudoTranslation(gettext.NullTranslations):
    """Translates every text, known or not; plural forms are those of English."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language

    def gettext(self, message: str) -> str:
        """Return the text in the pseudo-language."""
        text = message.rpartition(CONTEXT)[2]
        return pseudo(text, right_to_left=self.language.startswith("ar"))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the singular or the plural in the pseudo-language."""
        return self.gettext(msgid1 if n == 1 else msgid2)

    def to_language(self) -> str:
        """Return the language's code (Django asks for it)."""
        return self.language


def install() -> None:
    """Register both languages with Django; settings.LANGUAGES decides whether they are offered."""
    for language, _name in LANGUAGES:
        trans_real._translations[language] = PseudoTranslation(language)  # type: ignore[attr-defined]
