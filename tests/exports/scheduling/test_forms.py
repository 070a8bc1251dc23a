"""The form of a schedule."""

import pytest
from django.conf import LazySettings

from exports.scheduling.forms import ScheduleForm


@pytest.mark.parametrize(("most", "offered"), [(2, 2), (10**7, 12)])
def test_there_are_few_numbers_to_choose_from_where_the_site_keeps_very_many(
    settings: LazySettings, most: int, offered: int
) -> None:
    settings.EXPORT_MAX_ARCHIVES = most
    choices = ScheduleForm().fields["keep"].choices  # type: ignore[attr-defined]
    assert [number for number, _text in choices] == [*range(1, offered + 1)]
