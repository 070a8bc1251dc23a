"""Following: the lists of followers and followed, and the buttons."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Follow, User
from accounts.services import follow_create, follow_delete
from core.requests.rate_limits import not_too_often
from core.requests.redirects import is_in_place, page_before
from posts.pagination import Page, page_of
from posts.views import find_member, member_facts


@require_GET
def followers(request: HttpRequest, username: str) -> HttpResponse:
    """Show who follows a member, the newest first."""
    member = find_member(username)
    follows = member.followed_by.filter(follower__is_active=True).select_related("follower")
    page = page_of(follows, request.GET, by="created_at")
    return render_list(request, "followers", member, page, [follow.follower for follow in page.rows])


@require_GET
def following(request: HttpRequest, username: str) -> HttpResponse:
    """Show whom a member follows, the newest first."""
    member = find_member(username)
    follows = member.follows.filter(followed__is_active=True).select_related("followed")
    page = page_of(follows, request.GET, by="created_at")
    return render_list(request, "following", member, page, [follow.followed for follow in page.rows])


def render_list(request: HttpRequest, name: str, member: User, page: Page[Follow], members: list[User]) -> HttpResponse:
    """Render the page `name` of a member with the other members on it, and whether the reader follows each."""
    followed: set[int] = set()
    if request.user.is_authenticated:
        followed.update(request.user.follows.filter(followed__in=members).values_list("followed_id", flat=True))
    people = [(other, other.pk in followed) for other in members]
    context = {**member_facts(request, member), "page": page, "people": people}
    return render(request, f"posts/{name}.html", context)


@require_POST
@login_required
@not_too_often("change")
def follow(request: HttpRequest, username: str) -> HttpResponse:
    """Follow a member; following twice, or oneself, changes nothing."""
    member = find_member(username)
    if member == request.user:
        messages.warning(request, _("You can't follow yourself."))
    elif follow_create(follower=cast(User, request.user), followed=member) and not is_in_place(request):
        messages.success(request, _("You now follow %(name)s.") % {"name": member.username})
    return go_back(request, member)


@require_POST
@login_required
@not_too_often("change")
def unfollow(request: HttpRequest, username: str) -> HttpResponse:
    """Follow a member no longer."""
    member = find_member(username)
    if follow_delete(follower=cast(User, request.user), followed=member) and not is_in_place(request):
        messages.success(request, _("You no longer follow %(name)s.") % {"name": member.username})
    return go_back(request, member)


def go_back(request: HttpRequest, member: User) -> HttpResponse:
    """Return to the list that the button was on, else to the member's page; a card's button needs no page."""
    if is_in_place(request):
        return HttpResponse(status=204)
    return HttpResponseRedirect(page_before(request, otherwise=member.get_absolute_url()))
