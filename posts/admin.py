"""Posts in the admin."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from core.staff.log import LoggedByNumber
from posts.models import Post, PostQuerySet

MAX_COUNTED = 10_000


class CappedPaginator(Paginator[Post]):
    """Stops counting at MAX_COUNTED: counting millions takes longer than showing a page of them."""

    object_list: PostQuerySet

    @cached_property
    def count(self) -> int:
        """Return the number of posts, at most MAX_COUNTED; a search finds older ones."""
        return self.object_list.order_by()[:MAX_COUNTED].count()


@admin.register(Post)
class PostAdmin(LoggedByNumber):
    """Posts, which staff can delete but neither write nor change."""

    list_display = ("beginning", "author", "timestamp")
    list_select_related = ("author",)
    search_fields = ("author__username", "body")
    search_help_text = _("Username, or words in a post")
    show_full_result_count = False
    paginator = CappedPaginator
    readonly_fields = ("author", "body", "timestamp")
    ordering = ("-timestamp", "-id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Forbid it: staff write no posts for members."""
        return False

    @admin.display(description=_("body"))
    def beginning(self, post: Post) -> str:
        """Return the first words."""
        return Truncator(post.body[:300]).chars(60)  # which normalizes all that it gets
