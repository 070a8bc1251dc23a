"""What templates outside this app may ask about exports."""

from django import template

from accounts.models import User
from exports.models import Task
from exports.services.kinds import EXPORT_POSTS

register = template.Library()


@register.simple_tag
def export_in_progress(user: User) -> bool:
    """Return whether the member's posts are being exported now."""
    return Task.objects.active().filter(user=user, name=EXPORT_POSTS).exists()
