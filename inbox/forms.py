"""The form to write a message with."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inbox.models import MAX_CHARACTERS
from posts.validators import validate_body


class MessageForm(forms.Form):
    """A message's text, kept as it was written; only CRLF, which browsers send, becomes LF."""

    body = forms.CharField(
        label=_("Your message"),
        strip=False,
        required=False,  # `validate_body` has a better message
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )

    def __init__(self, *args: Any, draft: str, **kwargs: Any) -> None:
        """`draft` is the key under which static/draft.js keeps the text until it is sent."""
        super().__init__(*args, **kwargs)
        self.draft = draft
        self.fields["body"].widget.attrs["data-draft"] = draft
        # Django's validator for NUL doesn't say what to do; `validate_body` does.
        self.fields["body"].validators = []

    def clean_body(self) -> str:
        """Return the text; raise ValidationError if it cannot be a message."""
        body = str(self.cleaned_data["body"]).replace("\r\n", "\n")
        validate_body(body, MAX_CHARACTERS)
        return body

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error, and focus the text, which is still there."""
        super().add_error(field, error)
        self.fields["body"].widget.attrs["autofocus"] = True
