"""allauth's pages, made safe against a failing mail server, concurrent visitors and borrowed sessions."""

from typing import Any, cast

from allauth.account import views
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from accounts.sign_in.mail_errors import MailError
from accounts.sign_in.reauthentication import require_password
from core.requests.kept_forms import fields_kept


class MailFormMixin:
    """For a form that sends an email: either everything succeeds, or nothing is changed."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        """Save the form; a failure to send the email becomes its error."""
        try:
            return self._save(form)
        except MailError as error:
            self.undo(form)
            form.add_error("email" if "email" in form.fields else None, str(error.text))
            return cast(HttpResponse, self.form_invalid(form))  # type: ignore[attr-defined]

    def _save(self, form: Any) -> HttpResponse:
        try:
            return cast(HttpResponse, super().form_valid(form))  # type: ignore[misc]
        except IntegrityError:
            # Another visitor took the name or address after the form was validated: validate it again.
            form.full_clean()
            answer = super().form_valid if form.is_valid() else self.form_invalid  # type: ignore[misc, attr-defined]
            return cast(HttpResponse, answer(form))

    def undo(self, form: Any) -> None:
        """Undo what was saved before the email failed."""


class LoginView(MailFormMixin, views.LoginView):
    """Signs in, or resends the link to a member who hasn't confirmed their address."""

    def undo(self, form: Any) -> None:
        """Abandon the sign-in."""
        clear_login(self.request)


class SignupView(MailFormMixin, views.SignupView):
    """Creates an account if its address accepts email."""

    user: User | None = None

    def undo(self, form: Any) -> None:
        """Delete the account: without the email it would be unusable, and its name and address taken."""
        clear_login(self.request)
        if self.user:
            self.user.delete()


class PasswordResetView(MailFormMixin, views.PasswordResetView):
    """Sends the link that sets a new password."""


class EmailView(MailFormMixin, views.EmailView):
    """Changes the address, after asking for the password: the holder of the address can reset the password."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add or remove the new address, or resend its link."""
        require_password(request)
        try:
            return super().post(request, *args, **kwargs)
        except MailError as error:
            messages.error(request, str(error.text))
            return redirect("account_email")

    def get_initial(self) -> dict[str, Any]:
        """Return the address that was entered before the session expired, if any."""
        return super().get_initial() | fields_kept(self.request)

    def undo(self, form: Any) -> None:
        """Remove the new address."""
        EmailAddress.objects.filter(user=form.user, email=form.cleaned_data["email"], verified=False).delete()


class ConfirmEmailView(views.ConfirmEmailView):
    """Confirms an address once, even when the button is pressed twice at the same moment."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Confirm the address, or change nothing."""
        try:
            with transaction.atomic():
                member_id = self.get_object().email_address.user_id  # type: ignore[no-untyped-call]
                User.objects.select_for_update().get(pk=member_id)
                return super().post(*args, **kwargs)
        except (Http404, IntegrityError, User.DoesNotExist):
            return self.get(*args, **kwargs)  # which says what happened to the link
