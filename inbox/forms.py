"""The form to write a message with."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inbox.models import MAX_CHARACTERS
from posts.validators import validate_body


class MessageForm(forms.Form):
    """A message's text, taken as it was written: only the line ends, which a form sends as CRLF, become LF again."""

    body = forms.CharField(
        label=_("Your message"),
        strip=False,
        required=False,  # the validator says it better
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )

    def __init__(self, *args: Any, draft: str, **kwargs: Any) -> None:
        """`draft` is the key under which static/draft.js keeps what is not sent yet."""
        super().__init__(*args, **kwargs)
        self.draft = draft
        self.fields["body"].widget.attrs["data-draft"] = draft
        # Django's own words on a NUL character name no remedy; ours do.
        self.fields["body"].validators = []

    def clean_body(self) -> str:
        """Return the text; raise ValidationError if it cannot be a message."""
        body = str(self.cleaned_data["body"]).replace("\r\n", "\n")
        validate_body(body, MAX_CHARACTERS)
        return body

    def add_error(self, field: str | None, error: Any) -> None:
        """Note an error, and have the browser go to the text, which is still there."""
        super().add_error(field, error)
        self.fields["body"].widget.attrs["autofocus"] = True
