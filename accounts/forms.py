"""The member's own form."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.validators import MAX_LENGTH, username_validators


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
        self.fields["username"].widget.attrs |= {"maxlength": MAX_LENGTH, "autocomplete": "username"}

    def clean_username(self) -> str:
        """Return the name; raise ValidationError if it is another member's, in whatever case."""
        username: str = self.cleaned_data["username"]
        if User.named(username).exclude(pk=self.instance.pk).exists():
            raise ValidationError(
                _("The username %(name)s is taken. Choose another one."), code="taken", params={"name": username}
            )
        return username
