"""What a username may be."""

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

username_validators = [
    RegexValidator(
        r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,29}\Z",
        _("Use 1 to 30 letters (a to z), digits, underscores, dots or hyphens, and start with a letter or digit."),
    )
]
