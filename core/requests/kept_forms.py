"""A form that came too late, kept in the session: what it was for, and what somebody had written in it."""

from typing import TypedDict, cast

from allauth.core import ratelimit
from django.http import HttpRequest

KEY = "kept_form"
FIELDS = ("body", "about_me", "username", "email")
"""Only what people write themselves; never a password."""
MAX_LENGTH = 20_000  # characters of one field; longer than any that the site takes
MAX_AGE = 24 * 3600  # seconds that an anonymous session is kept for it


class KeptForm(TypedDict):
    """A form, as the session has it."""

    path: str
    """Where it was sent, and where it is shown again."""
    view_name: str
    member: str
    """Whose page it was on, by their number; "" if the form does not say."""
    fields: dict[str, str]
    is_told: bool
    """Whether the member has been told that it came too late."""


def written_in(request: HttpRequest) -> dict[str, str]:
    """Return what somebody had written in the form that was sent."""
    return {name: request.POST[name][:MAX_LENGTH] for name in FIELDS if request.POST.get(name)}


def form_keep(request: HttpRequest) -> None:
    """Keep the form that was sent, unless it comes from a page of another member than who is signed in.

    Anybody may send one, so of an address only a few are kept.
    """
    member = request.POST.get("member", "")[:20]
    if request.user.is_authenticated and member != str(request.user.pk):
        return
    if not request.user.is_authenticated and not ratelimit.consume(request, action="kept_form"):
        return
    match = request.resolver_match
    request.session[KEY] = KeptForm(
        path=request.path,
        view_name=match.view_name if match else "",
        member=member,
        fields=written_in(request),
        is_told=request.user.is_authenticated,
    )
    if not request.user.is_authenticated:
        request.session.set_expiry(MAX_AGE)


def form_kept(request: HttpRequest) -> KeptForm | None:
    """Return the form that is kept for the member who is signed in now, if there is one."""
    kept = cast(KeptForm | None, request.session.get(KEY))
    return kept if kept and kept["member"] in {"", str(request.user.pk)} else None


def form_forget(request: HttpRequest) -> KeptForm | None:
    """Return the form that is kept for this address, once: it is about to be shown."""
    kept = form_kept(request)
    if request.method != "GET" or not kept or kept["path"] != request.path:
        return None
    del request.session[KEY]
    return kept


def fields_kept(request: HttpRequest) -> dict[str, str]:
    """Return what was written in the form of the page that is about to be shown: its initial values."""
    kept = form_forget(request)
    return kept["fields"] if kept else {}
