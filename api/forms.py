"""The form of a new token."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from api.models import ApiToken, Scope
from api.tokens import token_create

LIFETIMES = (7, 30, 90, 365)
"""In days."""
MAX_TOKENS = 20


class TokenForm(forms.Form):
    """What a new token is for, what it allows and for how long."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=64, help_text=gettext_lazy("Such as “backup at home”.")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it allows"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Expires in"),
        coerce=int,
        initial=90,
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        choices = [(days, ngettext("%d day", "%d days", days) % days) for days in LIFETIMES]
        self.fields["days"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse more tokens than anybody needs."""
        if self.user.api_tokens.count() >= MAX_TOKENS:
            text = _("You have %(count)d tokens, which is the limit. Revoke one first.")
            raise ValidationError(text, code="too_many", params={"count": MAX_TOKENS})
        return self.cleaned_data

    def clean_name(self) -> str:
        """Return the name; raise ValidationError if the member has a token of that name."""
        name: str = self.cleaned_data["name"]
        if self.user.api_tokens.filter(name=name).exists():
            raise _taken()
        return name

    def save(self) -> tuple[ApiToken, str] | None:
        """Make the token, email the member, return it with its secret; None, with an error, if its name is taken."""
        data = self.cleaned_data
        lifetime = timedelta(days=data["days"])
        try:
            with transaction.atomic():
                token, secret = token_create(
                    user=self.user, name=data["name"], scopes=data["scopes"], lifetime=lifetime
                )
                context = {"user": self.user, "token": token, "tokens_url": reverse("api:tokens")}
                get_adapter().send_notification_mail("account/email/api_token_created", self.user, context)
        except IntegrityError:
            self.add_error("name", _taken())
            return None
        return token, secret


def _taken() -> ValidationError:
    return ValidationError(_("You have a token with this name. Choose another one."), code="taken")
