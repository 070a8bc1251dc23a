"""The form to write a post with."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from posts.models import Post
from posts.validators import MAX_CHARACTERS, validate_body


class PostForm(forms.Form):
    """A post's text, kept as it was written; only CRLF, which browsers send, becomes LF."""

    body = forms.CharField(
        label=_("Say something"),
        strip=False,
        required=False,  # `validate_body` has a better message
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "data-limit": MAX_CHARACTERS}),
    )

    def __init__(self, *args: Any, author: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.author = author
        self.draft = f"{author.pk}:post"  # static/draft.js keeps the draft under this key
        self.fields["body"].widget.attrs["data-draft"] = self.draft
        # Django's validator for NUL doesn't say what to do; `validate_body` does.
        self.fields["body"].validators = []

    def clean_body(self) -> str:
        """Return the text; raise ValidationError if it cannot be a post."""
        body = str(self.cleaned_data["body"]).replace("\r\n", "\n")
        validate_body(body)
        return body

    def save(self) -> Post:
        """Publish the post."""
        return Post.objects.create(author=self.author, body=self.cleaned_data["body"])
