"""The pages of posts (timeline, explore, a single post, profile), and the buttons to delete and restore a post."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.members.views import find_member, member_context
from accounts.models import User
from core.links import absolute_url
from core.pagination import page_of
from core.requests.kept_forms import fields_kept
from core.requests.rate_limits import may_save, not_too_often, render_form
from core.requests.redirects import next_url
from posts.forms import PostForm
from posts.models import Post
from posts.services import post_remove, post_restore
from posts.timeline import timeline_page


@require_http_methods(["GET", "HEAD", "POST"])
def timeline(request: HttpRequest) -> HttpResponse:
    """Show the timeline, and publish a new post (POST)."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.path) if request.method == "POST" else redirect("posts:explore")
    user = request.user
    form = PostForm(request.POST if request.method == "POST" else None, author=user, initial=fields_kept(request))
    if may_save(request, form, "post"):
        form.save()
        messages.success(request, _("Your post has been published."), extra_tags=f"sent:{form.draft}")
        return redirect("posts:timeline")
    return render_form(request, "posts/timeline.html", {"form": form, "page": timeline_page(user, request.GET)})


@require_GET
def explore(request: HttpRequest) -> HttpResponse:
    """Show everyone's posts."""
    page = page_of(Post.objects.shown().with_authors(), request.GET)
    return render(request, "posts/explore.html", {"page": page})


@require_GET
def post(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one post at its permanent address, as archives name it."""
    found = get_object_or_404(Post.objects.with_authors().filter(author__is_active=True), pk=pk)
    address = absolute_url(found.get_absolute_url())
    return render(request, "posts/post.html", {"post": found, "posts": [found], "canonical_address": address})


@require_GET
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """Show a member and their posts."""
    member = find_member(username)
    page = page_of(Post.objects.by(member).with_authors(), request.GET)
    return render(request, "posts/profile.html", {**member_context(request, member), "page": page})


@require_POST
@login_required
@not_too_often("change")
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one of the member's posts, offer to undo it, and go back to the page `next`.

    A second attempt, as by a double click, offers the same.
    """
    user = cast(User, request.user)
    if not post_remove(author=user, post_id=pk) and not user.removed_posts.filter(pk=pk).exists():
        raise Http404
    undo = reverse("posts:restore", args=[pk])
    messages.success(request, _("Your post has been deleted."), extra_tags=f"undo:{undo}")
    back = next_url(request)
    is_its_own = back.partition("?")[0] == reverse("posts:post", args=[pk])
    return HttpResponseRedirect(user.get_absolute_url() if is_its_own else back)


@require_POST
@login_required
@not_too_often("change")
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Restore one of the member's deleted posts, and go back to the page `next`; a second attempt changes nothing."""
    user = cast(User, request.user)
    if not post_restore(author=user, post_id=pk) and not user.posts.filter(pk=pk).exists():
        reason = _("This post can no longer be restored. Posts can be restored for one hour after deletion.")
        return render(request, "404.html", {"reason": reason}, status=404)
    messages.success(request, _("Your post has been restored."))
    return HttpResponseRedirect(next_url(request))
