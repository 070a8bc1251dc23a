import pytest
from hypothesis import given
from hypothesis import strategies as st

from posts.validators import count_characters

FAMILY = "👩‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("", 0),
        ("abc", 3),
        ("e\u0301", 1),
        (FAMILY, 1),
        ("🇪🇸🇩🇪", 2),
        ("👍🏽", 1),
        ("각", 1),
        ("\u1100\u1161\u11a8", 1),
        ("\r\n", 1),
        ("a\nb", 3),
        ("שלום", 4),
    ],
)
def test_characters_are_counted_as_people_count_them(text: str, characters: int) -> None:
    assert count_characters(text) == characters


@given(st.text())
def test_the_count_never_exceeds_the_code_points(text: str) -> None:
    assert count_characters(text) <= len(text)
    assert (count_characters(text) == 0) == (text == "")


@given(st.text(), st.text())
def test_texts_on_lines_of_their_own_add_up(one: str, other: str) -> None:
    lines = [text.replace("\r", "") for text in (one, other)]
    assert count_characters("\n".join(lines)) == sum(map(count_characters, lines)) + 1
