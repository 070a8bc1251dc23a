"""What every page needs to show alerts."""

from django.http import HttpRequest


def alerts(request: HttpRequest) -> dict[str, object]:
    """Return the member's alerts."""
    return {}
