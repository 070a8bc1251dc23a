"""The form of a member's schedule."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from exports.models import Schedule
from exports.scheduling.calendar import LAST_DAY, Frequency
from exports.scheduling.texts import day_in_words, hour_in_words

DAYS = range(1, LAST_DAY + 1)
SUNDAY = 6
QUIET_HOUR = 3
DEFAULT_KEEP = 3


class ScheduleForm(forms.Form):
    """When scheduled exports run, and how many are kept."""

    when = forms.ChoiceField(label=gettext_lazy("Day"))
    hour = forms.TypedChoiceField(label=gettext_lazy("Time"), coerce=int)
    keep = forms.TypedChoiceField(label=gettext_lazy("Keep"), coerce=int)

    def __init__(self, data: Mapping[str, Any] | None = None, *, schedule: Schedule | None = None) -> None:
        initial = {"when": code(Frequency.WEEKLY, SUNDAY), "hour": QUIET_HOUR, "keep": DEFAULT_KEEP}
        if schedule:
            when = code(Frequency(schedule.frequency), schedule.day)
            initial = {"when": when, "hour": schedule.hour, "keep": schedule.keep}
        super().__init__(data, initial=initial, auto_id="schedule_%s")
        self.fields["when"].choices = [  # type: ignore[attr-defined]
            (_("Weekly"), [(code(Frequency.WEEKLY, day), day_in_words(Frequency.WEEKLY, day)) for day in range(7)]),
            (_("Monthly"), [(code(Frequency.MONTHLY, day), day_in_words(Frequency.MONTHLY, day)) for day in DAYS]),
        ]
        self.fields["hour"].choices = [(hour, hour_in_words(hour)) for hour in range(24)]  # type: ignore[attr-defined]
        self.fields["keep"].choices = [  # type: ignore[attr-defined]
            (
                number,
                ngettext("%(number)d most recent export", "%(number)d most recent exports", number)
                % {"number": number},
            )
            for number in range(1, settings.EXPORT_MAX_ARCHIVES + 1)
        ]

    def clean_when(self) -> tuple[Frequency, int]:
        """Return the frequency and the day."""
        frequency, _hyphen, day = self.cleaned_data["when"].partition("-")
        return Frequency(frequency), int(day)


def code(frequency: Frequency, day: int) -> str:
    """Return the form's value of a day."""
    return f"{frequency}-{day}"
