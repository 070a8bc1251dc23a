"""The search page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from core.requests.rate_limits import not_too_often
from posts.models import Post
from posts.search.highlighting import marked
from posts.search.interface import find
from posts.search.query import Query
from posts.search.ranking import best_first
from posts.search.table import MEMBERS, POSTS

PAGE_SIZE = 25


@dataclass(frozen=True)
class Results:
    """A page of results, and whether the search looked at all matches."""

    rows: list[Any]
    page: Page[int]
    are_all: bool


@require_GET
@not_too_often("search", limit_get=True)
def search(request: HttpRequest) -> HttpResponse:
    """Show the posts, or members (`?in=members`), with the words of `?q=`; without words, explain the search."""
    query = Query.parse(request.GET.get("q", ""))
    kind = "members" if request.GET.get("in") == "members" else "posts"
    results = RESULTS[kind](query, request.GET.get("page", "1")) if query.terms else None
    context = {"query": query, "kind": kind, "results": results}
    return render(request, "posts/search.html", context)


def find_posts(query: Query, number: str) -> Results:
    """Return a page of posts, each with its `marked` text."""
    found = find(POSTS, query)
    texts = dict(Post.objects.filter(pk__in=found.ids).values_list("pk", "body"))
    page = _page(texts, query, number)
    posts = Post.objects.with_authors().in_bulk(list(page))
    rows = [posts[pk] for pk in page if pk in posts]
    for post in rows:
        post.marked = marked(post.body, query)  # type: ignore[attr-defined]
    return Results(rows, page, found.are_all)


def find_members(query: Query, number: str) -> Results:
    """Return a page of members with `marked_name` and `marked_about`; beginnings of words match."""
    query = query.with_beginnings()
    found = find(MEMBERS, query)
    members = User.objects.in_bulk(found.ids)
    texts = {pk: f"{member.username} {member.about_me}" for pk, member in members.items()}
    page = _page(texts, query, number)
    rows = [members[pk] for pk in page]
    for member in rows:
        member.marked_name = marked(member.username, query)  # type: ignore[attr-defined]
        member.marked_about = marked(member.about_me, query)  # type: ignore[attr-defined]
    return Results(rows, page, found.are_all)


def _page(texts: dict[int, str], query: Query, number: str) -> Page[int]:
    return Paginator(best_first(texts, query), PAGE_SIZE).get_page(number)


RESULTS: dict[str, Callable[[Query, str], Results]] = {"posts": find_posts, "members": find_members}
