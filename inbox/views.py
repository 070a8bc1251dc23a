"""The pages of private messages: all conversations, and a single one.

Browsers don't store them: after signing out on a shared computer, the Back button shows none.
"""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from core.pagination import page_of
from core.requests.kept_forms import fields_kept
from core.requests.rate_limits import may_save, render_form
from inbox.forms import MessageForm
from inbox.models import Message
from inbox.services import conversation_read, message_send


@never_cache
@require_GET
@login_required
def conversations(request: HttpRequest) -> HttpResponse:
    """Show the member's conversations, the newest message first."""
    rows = cast(User, request.user).conversations.select_related("partner", "newest")
    return render(request, "inbox/conversations.html", {"page": page_of(rows, request.GET)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def conversation(request: HttpRequest, username: str) -> HttpResponse:
    """Show a conversation, which marks it as read, and send a new message (POST)."""
    user = cast(User, request.user)
    partner = get_object_or_404(User.named(username))
    if partner == user:
        messages.warning(request, _("You can't send messages to yourself."))
        return redirect("inbox:conversations")
    if request.method == "POST":
        return send(request, user, partner)
    form = MessageForm(draft=draft_key(user, partner), initial=fields_kept(request))
    return render_conversation(request, user, partner, form)


def send(request: HttpRequest, user: User, partner: User) -> HttpResponse:
    """Send the form's message; a rejected one is shown again with the reason."""
    if not partner.is_active:
        raise Http404
    form = MessageForm(request.POST, draft=draft_key(user, partner))
    if not may_save(request, form, "message"):
        return render_conversation(request, user, partner, form)
    message_send(sender=user, recipient=partner, body=form.cleaned_data["body"])
    # To the text field, right below the new message. `sent` deletes the draft.
    return redirect(f"{reverse('inbox:conversation', args=[partner.username])}?sent#id_body")


def draft_key(user: User, partner: User) -> str:
    """Return the key under which static/draft.js keeps the user's draft to the partner."""
    return f"{user.pk}:message:{partner.pk}"


def render_conversation(request: HttpRequest, user: User, partner: User, form: MessageForm) -> HttpResponse:
    """Render a conversation; with a closed account, only an existing one."""
    side = user.conversations.filter(partner=partner).first()
    if not (side or partner.is_active):
        raise Http404
    if side and is_seen(request):
        conversation_read(side)  # before the query: a message that arrives in between is shown, and stays unread
    page = page_of(Message.objects.between(user, partner), request.GET)
    return render_form(request, "inbox/conversation.html", {"partner": partner, "page": page, "form": form})


def is_seen(request: HttpRequest) -> bool:
    """Return whether the member sees the newest messages: see docs/decisions/0016."""
    is_ahead_of_time = "prefetch" in request.headers.get("Sec-Purpose", "")
    return request.method == "GET" and not is_ahead_of_time and not {"before", "after"} & request.GET.keys()
