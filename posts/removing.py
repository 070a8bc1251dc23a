"""The two buttons: delete one's own post, and undo that."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from core.requests.rate_limits import not_too_often
from core.requests.redirects import page_before
from posts.services import post_remove, post_restore


@require_POST
@login_required
@not_too_often("change")
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one of the member's posts, offer to undo it, and go back to the page `next`.

    A second attempt, as by a double click, finds it deleted and offers the same.
    """
    user = cast(User, request.user)
    if not post_remove(author=user, post_id=pk) and not user.removed_posts.filter(pk=pk).exists():
        raise Http404
    undo = reverse("posts:restore", args=[pk])
    messages.success(request, _("Your post has been deleted."), extra_tags=f"undo:{undo}")
    back = page_before(request)
    is_its_own = back.partition("?")[0] == reverse("posts:post", args=[pk])
    return HttpResponseRedirect(user.get_absolute_url() if is_its_own else back)


@require_POST
@login_required
@not_too_often("change")
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a deleted post of the member's back, and go back to the page `next`; a second attempt changes nothing."""
    user = cast(User, request.user)
    if not post_restore(author=user, post_id=pk) and not user.posts.filter(pk=pk).exists():
        reason = _("This post can no longer be restored. Posts can be restored for one hour after deletion.")
        return render(request, "404.html", {"reason": reason}, status=404)
    messages.success(request, _("Your post has been restored."))
    return HttpResponseRedirect(page_before(request))
