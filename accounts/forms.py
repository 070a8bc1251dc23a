"""The member's own form."""

from django import forms

from accounts.models import User
from accounts.validators import username_validators


class ProfileForm(forms.ModelForm[User]):
    """What others see of a member."""

    class Meta:
        model = User
        fields = ("username", "about_me")
        widgets = {"about_me": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        # The model takes Django's wider rule, for members that were made elsewhere.
        self.fields["username"].validators = [*username_validators]
        self.fields["username"].help_text = username_validators[0].message
