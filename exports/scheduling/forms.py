"""The form of a member's schedule."""

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.member_data import Part
from exports.models import Schedule
from exports.scheduling.calendar import LAST_DAY, Frequency
from exports.scheduling.services import Plan
from exports.scheduling.texts import day_in_words, hour_in_words

DAYS = range(1, LAST_DAY + 1)
SUNDAY = 6
MOST_KEPT = 12
"""A year of monthly exports; a list to choose from should not grow with the setting."""
DEFAULTS = {"hour": 3, "keep": 3, "parts": Part.values}


class ScheduleForm(forms.Form):
    """When scheduled exports run, what they hold, and how many are kept."""

    prefix = "schedule"
    when = forms.ChoiceField(label=gettext_lazy("Day"))
    hour = forms.TypedChoiceField(label=gettext_lazy("Time"), coerce=int)
    keep = forms.TypedChoiceField(label=gettext_lazy("Exports to keep"), coerce=int)
    parts = forms.MultipleChoiceField(
        label=gettext_lazy("Include"), choices=Part.choices, widget=forms.CheckboxSelectMultiple
    )
    only_new = forms.BooleanField(label=gettext_lazy("Only posts since your last export"), required=False)

    def __init__(self, data: QueryDict | None = None, *, schedule: Schedule | None = None) -> None:
        when = code(Frequency(schedule.frequency), schedule.day) if schedule else code(Frequency.WEEKLY, SUNDAY)
        others = {name: getattr(schedule, name) for name in ("hour", "keep", "parts", "only_new")} if schedule else {}
        super().__init__(data, initial={**DEFAULTS, "when": when, **others})
        self.fields["when"].choices = [  # type: ignore[attr-defined]
            (_("Weekly"), [(code(Frequency.WEEKLY, day), day_in_words(Frequency.WEEKLY, day)) for day in range(7)]),
            (_("Monthly"), [(code(Frequency.MONTHLY, day), day_in_words(Frequency.MONTHLY, day)) for day in DAYS]),
        ]
        self.fields["hour"].choices = [(hour, hour_in_words(hour)) for hour in range(24)]  # type: ignore[attr-defined]
        numbers = range(1, min(settings.EXPORT_MAX_ARCHIVES, MOST_KEPT) + 1)
        self.fields["keep"].choices = [(number, number) for number in numbers]  # type: ignore[attr-defined]

    def plan(self) -> Plan:
        """Return what the member has chosen."""
        frequency, _hyphen, day = self.cleaned_data["when"].partition("-")
        others = {name: value for name, value in self.cleaned_data.items() if name != "when"}
        return Plan(frequency=Frequency(frequency), day=int(day), **others)


def code(frequency: Frequency, day: int) -> str:
    """Return the form's value of a day."""
    return f"{frequency}-{day}"
