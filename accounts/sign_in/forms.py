"""allauth's forms, changed so that neither answer nor timing reveals whether an address has an account."""

from typing import Any, cast

from allauth.account import forms
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.sign_in.addresses import holder_of


class SignupForm(forms.SignupForm):
    """Creates an account with its address, or neither."""

    def validate_unique_email(self, value: str) -> str:
        """Return the address, and note whether it has an account; allauth misses addresses stored with capitals."""
        email = str(super().validate_unique_email(value))
        self.account_already_exists = self.account_already_exists or User.with_email(email).exists()
        return email

    def try_save(self, request: HttpRequest) -> tuple[User, None]:
        """Return the new member, even if the address is another's: the response must be the same."""
        return self.save(request), None

    def save(self, request: HttpRequest) -> User:
        """Return the new member."""
        with transaction.atomic():
            return self._save_claim(request) if self.account_already_exists else cast(User, super().save(request))

    def _save_claim(self, request: HttpRequest) -> User:
        """Return a new member who has no address yet: see docs/decisions/0012."""
        adapter = get_adapter()
        user = cast(User, adapter.save_user(request, adapter.new_user(request), self, commit=False))
        user.email = ""
        user.save()
        EmailAddress.objects.create(user=user, email=self.cleaned_data["email"], primary=True)
        return user


class ResetPasswordForm(forms.ResetPasswordForm):
    """Sends one email, whoever has the address."""

    def clean_email(self) -> str:
        """Return the address, and note its holder; allauth would also accept members who only claim it."""
        email = str(super().clean_email())
        holder = holder_of(email)
        self.users = [holder] if holder and holder.is_active else []
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send the email; without an account, make an unused token so that it takes as long."""
        if not self.users:
            forms.default_token_generator.make_token(User(pk=0))
        return str(super().save(request, **kwargs))
