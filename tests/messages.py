"""The messages that a view showed the member."""

from typing import Any

from django.contrib.messages import get_messages


def told(response: Any) -> list[str]:
    """Return the messages that the response leaves for the next page."""
    return [str(message) for message in get_messages(response.wsgi_request)]
