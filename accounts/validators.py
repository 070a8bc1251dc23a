"""What a username may be."""

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

MAX_LENGTH = 30

username_validators = [
    RegexValidator(
        r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,29}\Z",
        _("Use 1 to 30 letters (a to z), digits, dots, hyphens or underscores; a dot or hyphen cannot come first."),
    )
]
