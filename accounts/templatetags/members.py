"""Members' avatars, which need no request to another site, and the languages to choose from."""

import hashlib

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.settings.preferences import language_names

register = template.Library()
register.simple_tag(language_names)

# White on each of them has a contrast of 4.5 : 1 or more.
COLOURS = ["#9f3a38", "#8f4f12", "#6b6212", "#3d6e1f", "#1c6e5a", "#1b6a86", "#2f5bd0", "#5d4bb8", "#86409f", "#a0336f"]

SVG = (
    '<svg class="avatar" width="{size}" height="{size}" viewBox="0 0 32 32" aria-hidden="true" focusable="false">'
    '<rect width="32" height="32" fill="{colour}"/>'
    '<text x="16" y="21.5" text-anchor="middle" font-size="16" font-weight="600" fill="#fff">{letter}</text></svg>'
)


@register.simple_tag
def avatar(user: User, size: int) -> SafeString:
    """Return a picture of the member's initial, `size` pixels wide, in a colour that their name decides."""
    digest = hashlib.sha256(user.username.encode()).digest()
    return format_html(SVG, size=size, colour=COLOURS[digest[0] % len(COLOURS)], letter=user.username[:1].upper())
