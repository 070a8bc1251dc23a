"""The form to write a post with."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from posts.models import Post
from posts.validators import MAX_CHARACTERS, validate_body


class PostForm(forms.Form):
    """A post's text, taken as it was written: only the line ends, which a form sends as CRLF, become LF again."""

    body = forms.CharField(
        label=_("Say something"),
        strip=False,
        required=False,  # the validator says it better
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "data-limit": MAX_CHARACTERS}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Django's own words on a NUL character name no remedy; ours, in `validate_body`, do.
        self.fields["body"].validators = []

    def clean_body(self) -> str:
        """Return the text; raise ValidationError if it cannot be a post."""
        body = str(self.cleaned_data["body"]).replace("\r\n", "\n")
        validate_body(body)
        return body

    def save(self, author: Any) -> Post:
        """Publish the post."""
        return Post.objects.create(author=author, body=self.cleaned_data["body"])
