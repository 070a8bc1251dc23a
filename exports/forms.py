"""What a member chooses before an export."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.member_data import Part
from core.humanize import moment_in_words
from exports.choice import EVERYTHING, ArchiveChoice, ChoiceError
from exports.estimates import Estimate
from exports.options import OVERLAP


class ChoiceForm(forms.Form):
    """Offers the parts of one kind of export with their sizes, and the dates of posts."""

    template_name = "exports/choice_form.html"
    parts = forms.MultipleChoiceField(
        label=_("Include"),
        choices=Part.choices,
        initial=[*Part],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one part of your data.")},
    )
    first = forms.DateField(label=_("Posts from"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("Posts until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    is_new = forms.BooleanField(required=False)

    def __init__(
        self, data: QueryDict | None, *, kind: str, estimate: Estimate, covered_until: datetime | None
    ) -> None:
        super().__init__(data, auto_id=f"{kind}_%s")
        self.choice = EVERYTHING
        """What is chosen, once the form is valid."""
        self._covered_until = covered_until
        if len(estimate.parts) > 1:
            self.fields["parts"].choices = [  # type: ignore[attr-defined]
                (part.value, f"{part.label} ({gettext('about %(size)s') % {'size': filesizeformat(size)}})")
                for part, size in estimate.parts.items()
            ]
        else:
            del self.fields["parts"]
        if covered_until:
            text = gettext("Only posts since your last export, of %(moment)s")
            self.fields["is_new"].label = text % {"moment": moment_in_words(covered_until)}
        else:
            del self.fields["is_new"]

    def clean(self) -> dict[str, Any]:
        """Set `choice`; one that makes no sense is the form's error."""
        data = super().clean() or {}
        if "parts" in self.data and "parts" not in self.fields:
            self.add_error(None, gettext("This type of export has no parts to choose from."))
        if self.errors:
            return data
        try:
            self.choice = self._chosen(data)
        except ChoiceError as error:
            self.add_error(None, str(error))
        return data

    def _chosen(self, data: dict[str, Any]) -> ArchiveChoice:
        zone = timezone.get_current_timezone()
        choice = ArchiveChoice.of_days(data.get("parts", Part), first=data["first"], last=data["last"], zone=zone)
        if not data.get("is_new") or not self._covered_until:
            return choice
        begin = self._covered_until - OVERLAP
        return ArchiveChoice(choice.parts, max(choice.since or begin, begin), choice.until)


def is_choice(data: QueryDict) -> bool:
    """Return whether a form was sent in which the member chose something, rather than a button for everything."""
    return "choose" in data or any(name in data for name in ChoiceForm.base_fields)
