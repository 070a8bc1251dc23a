"""The card that opens on a member's name: who they are, in a few lines, and the button to follow them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from posts.views import find_member, member_facts


@require_GET
def card(request: HttpRequest, username: str) -> HttpResponse:
    """Answer with the card alone, for `card.js` to put on a page."""
    return render(request, "posts/_card.html", member_facts(request, find_member(username)))
