"""Keep a form in the session that was sent after the session had expired."""

from typing import TypedDict, cast

from allauth.core import ratelimit
from django.http import HttpRequest

KEY = "kept_form"
FIELDS = ("body", "about_me", "username", "email")
"""Fields that are kept: texts that people write, never a password."""
MAX_LENGTH = 20_000  # characters of one field; longer than any that the site takes
MAX_AGE = 24 * 3600  # seconds that an anonymous session is kept for it


class KeptForm(TypedDict):
    """A form, as the session has it."""

    path: str
    """The path it was sent to, whose page shows it again."""
    view_name: str
    member: str
    """The id of the member whose page it was on; "" if the form has none."""
    fields: dict[str, str]
    is_told: bool
    """Whether the member has seen the message about what wasn't done."""


def written_in(request: HttpRequest) -> dict[str, str]:
    """Return the texts of the submitted form."""
    return {name: request.POST[name][:MAX_LENGTH] for name in FIELDS if request.POST.get(name)}


def form_keep(request: HttpRequest) -> None:
    """Keep the submitted form, unless it comes from another member's page.

    Anyone can submit one, so a rate limit applies to each address.
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
    """Return the form kept for the signed-in member, if any."""
    kept = cast(KeptForm | None, request.session.get(KEY))
    return kept if kept and kept["member"] in {"", str(request.user.pk)} else None


def form_forget(request: HttpRequest) -> KeptForm | None:
    """Return the form kept for this address, and delete it: it is about to be shown."""
    kept = form_kept(request)
    if request.method != "GET" or not kept or kept["path"] != request.path:
        return None
    del request.session[KEY]
    return kept


def fields_kept(request: HttpRequest) -> dict[str, str]:
    """Return the initial values of the page's form: the texts kept for it, if any."""
    kept = form_forget(request)
    return kept["fields"] if kept else {}
