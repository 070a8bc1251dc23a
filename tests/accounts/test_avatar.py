import re

import pytest
from django.contrib.auth import get_user_model

from accounts.templatetags.members import COLOURS, avatar

User = get_user_model()


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", COLOURS)
def test_the_white_letter_can_be_read(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def test_it_shows_the_initial_hidden_from_screen_readers_and_without_inline_style() -> None:
    picture = avatar(User(username="susan"), 40)
    assert ">S</text>" in picture
    assert 'aria-hidden="true"' in picture
    assert "style" not in picture


def test_the_same_name_always_has_the_same_colour() -> None:
    assert avatar(User(username="susan"), 40) == avatar(User(username="susan"), 40)


def test_names_differ_in_colour() -> None:
    fills = {re.search('rect[^>]*fill="(#[^"]+)', avatar(User(username=f"m{number}"), 40)) for number in range(50)}
    assert len({fill[1] for fill in fills if fill}) > 5
