"""The admin's forms for members: usernames follow the same rule as on the site."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm

from accounts.models import User
from accounts.staff.notices import tell_of_password
from accounts.validators import MAX_LENGTH, username_validators


class UsernameRule(forms.ModelForm[User]):
    """Applies the site's rule to new usernames; an older username may stay."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("username"):  # read-only staff have no such field
            field.help_text = username_validators[0].message
            field.widget.attrs["maxlength"] = max(MAX_LENGTH, len(self.instance.username))

    def clean_username(self) -> str:
        """Return the name; raise ValidationError if it is new and breaks the rule, or is taken."""
        username: str = self.cleaned_data["username"]
        if "username" in self.changed_data:
            for validate in username_validators:
                validate(username)
            if User.named(username).exclude(pk=self.instance.pk).exists():
                raise forms.ValidationError(self.instance.unique_error_message(User, ("username",)))
        return username


class MemberForm(UsernameRule, UserChangeForm[User]):
    """Django's form of a member."""


class MemberCreationForm(UsernameRule, AdminUserCreationForm[User]):
    """Django's form of a new member."""


class MemberPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg] # Django's takes none
    """Django's form for a member's new password; it notifies the member."""

    def save(self, commit: bool = True) -> User:
        """Save the password, or its absence, and return the member."""
        user: User = super().save(commit)
        tell_of_password(user)
        return user
