"""A member's card and lists of followers, and the buttons to follow and unfollow them."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.members.follows import follow_counts, follow_create, follow_delete
from accounts.models import Follow, User
from core.pagination import Page, page_of
from core.requests.rate_limits import not_too_often
from core.requests.redirects import is_background_request, next_url


def find_member(username: str) -> User:
    """Return the active member with that name, in any case; raise Http404 if there is none."""
    return get_object_or_404(User.named(username), is_active=True)


def member_context(request: HttpRequest, member: User) -> dict[str, Any]:
    """Return what the templates of a member's pages and card need to know about them."""
    follows = request.user.is_authenticated and request.user.follows.filter(followed=member).exists()
    return {"member": member, "counts": follow_counts(member), "follows": follows}


@require_GET
def card(request: HttpRequest, username: str) -> HttpResponse:
    """Return the card that `card.js` opens on a member's name, without a page around it."""
    return render(request, "accounts/members/_card.html", member_context(request, find_member(username)))


@require_GET
def followers(request: HttpRequest, username: str) -> HttpResponse:
    """Show a member's followers, the newest first."""
    member = find_member(username)
    follows = member.followed_by.filter(follower__is_active=True).select_related("follower")
    page = page_of(follows, request.GET, by="created_at")
    return render_list(request, "followers", member, page, [follow.follower for follow in page.rows])


@require_GET
def following(request: HttpRequest, username: str) -> HttpResponse:
    """Show the members that a member follows, the newest first."""
    member = find_member(username)
    follows = member.follows.filter(followed__is_active=True).select_related("followed")
    page = page_of(follows, request.GET, by="created_at")
    return render_list(request, "following", member, page, [follow.followed for follow in page.rows])


def render_list(request: HttpRequest, name: str, member: User, page: Page[Follow], others: list[User]) -> HttpResponse:
    """Render the list `name` of a member, and whether the reader follows each member in it."""
    followed: set[int] = set()
    if request.user.is_authenticated:
        followed.update(request.user.follows.filter(followed__in=others).values_list("followed_id", flat=True))
    people = [(other, other.pk in followed) for other in others]
    context = {**member_context(request, member), "page": page, "people": people}
    return render(request, f"accounts/members/{name}.html", context)


@require_POST
@login_required
@not_too_often("change")
def follow(request: HttpRequest, username: str) -> HttpResponse:
    """Follow a member; following them twice, or oneself, changes nothing."""
    member = find_member(username)
    if member == request.user:
        messages.warning(request, _("You can't follow yourself."))
    elif follow_create(follower=cast(User, request.user), followed=member) and not is_background_request(request):
        messages.success(request, _("You now follow %(name)s.") % {"name": member.username})
    return go_back(request, member)


@require_POST
@login_required
@not_too_often("change")
def unfollow(request: HttpRequest, username: str) -> HttpResponse:
    """Unfollow a member."""
    member = find_member(username)
    if follow_delete(follower=cast(User, request.user), followed=member) and not is_background_request(request):
        messages.success(request, _("You no longer follow %(name)s.") % {"name": member.username})
    return go_back(request, member)


def go_back(request: HttpRequest, member: User) -> HttpResponse:
    """Return to the list that the button was on, else to the member's page; a card's button stays where it is."""
    if is_background_request(request):
        return HttpResponse(status=204)
    return HttpResponseRedirect(next_url(request, otherwise=member.get_absolute_url()))
