"""allauth's pages, where the mail server or another visitor can get in the way, and where the password is needed."""

from typing import Any, cast

from allauth.account import views
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from accounts.sign_in.adapter import notices_after
from accounts.sign_in.mail_errors import MailError
from accounts.sign_in.reauthentication import require_password
from core.requests.kept_forms import fields_kept


class MailFormMixin:
    """For a form that sends an email that the visitor waits for: it does all that it was sent for, or nothing."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        """Do what the form asks for; what stands in the way becomes its error."""
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
            # Another visitor took the name or address after the form was checked: check it again.
            form.full_clean()
            answer = super().form_valid if form.is_valid() else self.form_invalid  # type: ignore[misc, attr-defined]
            return cast(HttpResponse, answer(form))

    def undo(self, form: Any) -> None:
        """Take back what was saved before the mail failed."""


class LoginView(MailFormMixin, views.LoginView):
    """Sends the link again to whoever has not confirmed their address."""

    def undo(self, form: Any) -> None:
        """Forget the sign-in that had begun."""
        clear_login(self.request)


class SignupView(MailFormMixin, views.SignupView):
    """Makes an account if its address can be mailed."""

    user: User | None = None

    def undo(self, form: Any) -> None:
        """Remove the account: without the email it would keep its name and its address for nobody."""
        clear_login(self.request)
        if self.user:
            self.user.delete()


class PasswordResetView(MailFormMixin, views.PasswordResetView):
    """Sends the link to a new password."""


class EmailView(MailFormMixin, views.EmailView):
    """Changes the address, after the password: whoever has it can reset the password, and gets the exports."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add, remove or confirm again the new address."""
        require_password(request)
        try:
            return super().post(request, *args, **kwargs)
        except MailError as error:
            messages.error(request, str(error.text))
            return redirect("account_email")

    def get_initial(self) -> dict[str, Any]:
        """Return the address that was written before the session ended, if there is one."""
        return super().get_initial() | fields_kept(self.request)

    def undo(self, form: Any) -> None:
        """Remove the new address."""
        new = EmailAddress.objects.filter(user=form.user, email=form.cleaned_data["email"], verified=False)
        new.delete()


class ConfirmEmailView(views.ConfirmEmailView):
    """Confirms an address once, however often and by whomever the button is pressed at one moment."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Make the address the member's own, all of it or nothing."""
        try:
            with notices_after(self.request), transaction.atomic():
                member_id = self.get_object().email_address.user_id  # type: ignore[no-untyped-call]
                User.objects.select_for_update().get(pk=member_id)
                return super().post(*args, **kwargs)
        except (Http404, IntegrityError, User.DoesNotExist):
            return self.get(*args, **kwargs)  # which says what has become of the link
