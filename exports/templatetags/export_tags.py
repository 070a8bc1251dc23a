"""What templates may ask about exports."""

from django import template

from accounts.models import User
from exports.options import ExportOption
from exports.options import export_options as options_of
from exports.outcomes import export_outcome

register = template.Library()
register.filter("outcome", export_outcome)


@register.simple_tag
def export_options(user: User) -> dict[str, ExportOption]:
    """Return the kinds of export, each with whether the member can start it now."""
    return options_of(user)
