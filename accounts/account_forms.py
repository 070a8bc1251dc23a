"""allauth's forms that must not tell, by the work that they make, whether there is an account."""

from typing import Any, cast

from allauth.account import forms
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import User


class SignupForm(forms.SignupForm):
    """Makes an account with its address, or neither."""

    def validate_unique_email(self, value: str) -> str:
        """Return the address, and note whether it has an account; allauth overlooks one with capitals in it."""
        email = str(super().validate_unique_email(value))
        self.account_already_exists = self.account_already_exists or User.with_email(email).exists()
        return email

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Return the new member, or the answer for an address that has an account, after hashing in vain."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return cast(tuple[User | None, HttpResponse | None], super().try_save(request))

    def save(self, request: HttpRequest) -> User:
        """Return the new member."""
        with transaction.atomic():
            return cast(User, super().save(request))


class ResetPasswordForm(forms.ResetPasswordForm):
    """Sends one email, whoever the address belongs to."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send it; for an address without an account make a token in vain."""
        if not self.users:
            forms.default_token_generator.make_token(User(pk=0))
        return str(super().save(request, **kwargs))
