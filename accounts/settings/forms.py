"""The form of the member's profile and preferences."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Theme, User
from accounts.settings.preferences import language_names
from accounts.settings.time_zones import time_zone_changed, time_zones
from accounts.validators import MAX_LENGTH, username_validators


class ProfileForm(forms.ModelForm[User]):
    """What others see of a member, and how the site looks to the member."""

    template_name = "accounts/profile_form.html"
    theme = forms.ChoiceField(
        label=gettext_lazy("Theme"),
        choices=[("", gettext_lazy("Same as my device")), *Theme.choices],
        required=False,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = User
        fields = ("username", "about_me", "language", "time_zone", "theme")
        widgets = {"about_me": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        # The model keeps Django's wider rule, for members created by earlier releases or staff.
        self.fields["username"].validators = [*username_validators]
        self.fields["username"].help_text = username_validators[0].message
        self.fields["username"].widget.attrs |= {"maxlength": MAX_LENGTH, "autocomplete": "username"}
        self._offer("language", [("", _("Same as my browser")), *language_names()])
        self._offer("time_zone", [("", _("My device's time zone")), *time_zones(chosen=self.instance.time_zone)])

    def _offer(self, name: str, choices: list[Any]) -> None:
        """Turn a text field of the model into a choice; the database doesn't limit the values."""
        self.fields[name] = forms.ChoiceField(label=self.fields[name].label, choices=choices, required=False)

    @property
    def is_rename(self) -> bool:
        """Return whether the member changes their username."""
        return "username" in self.changed_data

    def clean_username(self) -> str:
        """Return the name; raise ValidationError if another member has it, in any case."""
        username: str = self.cleaned_data["username"]
        if User.named(username).exclude(pk=self.instance.pk).exists():
            raise taken(username)
        return username

    def save_unless_taken(self) -> bool:
        """Save these fields alone; return False, with an error, if another member has just taken the name."""
        try:
            with transaction.atomic():
                self.instance.save(update_fields=self.Meta.fields)
        except IntegrityError:
            self.add_error("username", taken(self.cleaned_data["username"]))
            return False
        if "time_zone" in self.changed_data:
            time_zone_changed.send(User, user=self.instance)
        if self.is_rename:
            get_adapter().send_notification_mail(
                "account/email/username_changed",
                self.instance,
                {"user": self.instance, "from_name": self.initial["username"], "to_name": self.instance.username},
            )
        return True


def taken(username: str) -> ValidationError:
    """Return the error for a name that another member has."""
    text = _("The username %(name)s is taken. Choose another one.")
    return ValidationError(text, code="taken", params={"name": username})
