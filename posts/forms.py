"""The form to write a post with."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
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

    def __init__(self, *args: Any, author: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.author = author
        self.draft = f"{author.pk}:post"  # under which static/draft.js keeps what is not out yet
        self.fields["body"].widget.attrs["data-draft"] = self.draft
        # Django's own words on a NUL character name no remedy; ours, in `validate_body`, do.
        self.fields["body"].validators = []

    def clean_body(self) -> str:
        """Return the text; raise ValidationError if it cannot be a post."""
        body = str(self.cleaned_data["body"]).replace("\r\n", "\n")
        validate_body(body)
        return body

    def save(self) -> Post:
        """Publish the post."""
        return Post.objects.create(author=self.author, body=self.cleaned_data["body"])
