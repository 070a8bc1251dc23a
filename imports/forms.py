"""What a member chooses before an import."""

from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.settings.forms import ProfileForm
from imports.models import Import
from imports.reader import Kind

OPTIONAL = {
    Kind.THREAD: _("Replies to your own posts"),
    Kind.UNLISTED: _("Unlisted posts, which will be public here"),
    Kind.REPLY: _("Replies to other people (the original posts aren't included)"),
}
"""Kinds of posts that are imported only on a tick."""


class ChoicesForm(forms.Form):
    """Offers what the preview has found, and nothing else."""

    kinds = forms.MultipleChoiceField(
        label=_("Also import"), required=False, widget=forms.CheckboxSelectMultiple, initial=[Kind.THREAD]
    )
    profile = forms.BooleanField(label=_("Your profile and preferences"), required=False)
    follows = forms.BooleanField(required=False)

    def __init__(self, *args: Any, upload: Import, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counts, extras = upload.preview.get("kinds", {}), upload.preview.get("extras", {})
        found = {kind.value: label for kind, label in OPTIONAL.items() if counts.get(kind)}
        kinds = [(kind, f"{label} ({intcomma(counts[kind])})") for kind, label in found.items()]
        offered = {"kinds": kinds, "profile": extras.get("profile"), "follows": extras.get("follows")}
        for name, values in offered.items():
            if not values:
                del self.fields[name]
        if kinds:
            self.fields["kinds"].choices = kinds  # type: ignore[attr-defined]
        if profile := extras.get("profile"):
            names = ", ".join(str(ProfileForm.base_fields[name].label) for name in profile)
            self.fields["profile"].help_text = _("Will be replaced: %(names)s") % {"names": names}
        if follows := extras.get("follows"):
            text = ngettext(
                "Follow %(count)s member you followed there",
                "Follow %(count)s members you followed there",
                len(follows),
            )
            self.fields["follows"].label = text % {"count": intcomma(len(follows))}

    def choices(self) -> dict[str, Any]:
        """Return the choices as the import's row keeps them."""
        data = self.cleaned_data
        kinds = [Kind.PUBLIC.value, *data.get("kinds", [])]
        return {"kinds": kinds, "profile": data.get("profile", False), "follows": data.get("follows", False)}
