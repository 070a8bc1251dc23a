"""How much of each rate limit a member has left, in headers (draft-ietf-httpapi-ratelimit-headers-10)."""

import math
import time
from dataclasses import dataclass

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase

APP = "allauth.account"


@dataclass(frozen=True)
class Limit:
    """One rate limit, as it stands for a member after their request."""

    action: str
    amount: int
    seconds: int
    """The time in which `amount` requests are allowed."""
    left: int
    reset: int
    """Seconds until another request is allowed, or until the oldest no longer counts."""


def limit_consume(request: HttpRequest, action: str) -> bool:
    """Count a request of the member's; return whether it is within the limit. The response will say what is left."""
    is_allowed = ratelimit.consume(request, app=APP, action=action, limit_get=True) is not None
    told = [*getattr(request, "limits", []), *_limits(request, action)]
    request.limits = told  # type: ignore[attr-defined]
    return is_allowed


def _limits(request: HttpRequest, action: str) -> list[Limit]:
    now, found = time.time(), []
    for rate in ratelimit.get_rates(app=APP, action=action):
        history = cache.get(ratelimit.get_cache_key(request, app=APP, action=action, rate=rate), [])
        counted = [moment for moment in history if moment > now - rate.duration]
        reset = counted[-1] + rate.duration - now if counted else 0
        left = max(0, rate.amount - len(counted))
        found.append(Limit(action, rate.amount, math.ceil(rate.duration), left, math.ceil(reset)))
    return found


def set_limit_headers(request: HttpRequest, response: HttpResponseBase) -> None:
    """Say what the limits are, and what is left; after 429 also when to come back."""
    limits: list[Limit] = getattr(request, "limits", [])
    if not limits:
        return
    response["RateLimit-Policy"] = ", ".join(f'"{limit.action}";q={limit.amount};w={limit.seconds}' for limit in limits)
    response["RateLimit"] = ", ".join(f'"{limit.action}";r={limit.left};t={limit.reset}' for limit in limits)
    if response.status_code == 429 and "Retry-After" not in response:  # noqa: PLR2004
        # Requests of a member that come at the same moment can be refused with some left.
        response["Retry-After"] = str(max((limit.reset for limit in limits if not limit.left), default=1))
