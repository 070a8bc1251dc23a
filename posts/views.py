"""The pages of posts: timeline, explore, a single post, profile."""

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.counting import follow_counts
from accounts.forms import ProfileForm
from accounts.models import User
from accounts.preferences import member_language
from accounts.recency import require_password
from core.requests.kept_forms import fields_kept
from core.requests.rate_limits import may_save, render_form
from posts.forms import PostForm
from posts.models import Post
from posts.pagination import page_of
from posts.timeline import timeline_page


@require_http_methods(["GET", "HEAD", "POST"])
def timeline(request: HttpRequest) -> HttpResponse:
    """Show what the member and those they follow wrote, and take a new post (POST)."""
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
    """Show what everybody wrote."""
    page = page_of(Post.objects.shown().with_authors(), request.GET)
    return render(request, "posts/explore.html", {"page": page})


@require_GET
def post(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one post at its permanent address, as archives name it."""
    found = get_object_or_404(Post.objects.with_authors().filter(author__is_active=True), pk=pk)
    address = f"{settings.SITE_URL}{found.get_absolute_url()}"
    return render(request, "posts/post.html", {"post": found, "posts": [found], "canonical_address": address})


@require_GET
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """Show a member and what they wrote."""
    member = find_member(username)
    page = page_of(Post.objects.by(member).with_authors(), request.GET)
    return render(request, "posts/profile.html", {**member_facts(request, member), "page": page})


def find_member(username: str) -> User:
    """Return the active member of that name, in whatever case; else the page is not found."""
    return get_object_or_404(User.named(username), is_active=True)


def member_facts(request: HttpRequest, member: User) -> dict[str, Any]:
    """Return what is told of a member on their pages and on their card."""
    follows = request.user.is_authenticated and request.user.follows.filter(followed=member).exists()
    return {"member": member, "counts": follow_counts(member), "follows": follows}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile_edit(request: HttpRequest) -> HttpResponse:
    """Let the member change what others see of them."""
    user = User.objects.get(pk=cast(User, request.user).pk)  # a copy: what is rejected must not show in the header
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=user, initial=fields_kept(request))
    if may_save(request, form, "change"):
        if form.is_rename:
            require_password(request)
        if form.save_unless_taken():
            with member_language(user):  # they may just have chosen another
                messages.success(request, _("Your profile has been saved."))
            return redirect(user)
    return render_form(request, "accounts/profile_edit.html", {"form": form})
