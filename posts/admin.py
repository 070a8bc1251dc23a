"""Posts in the admin."""

from django.contrib import admin
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from posts.models import Post


@admin.register(Post)
class PostAdmin(admin.ModelAdmin[Post]):
    """The list and the page of posts, fit for millions: no counting of all, no menu of all members."""

    list_display = ("beginning", "author", "timestamp")
    list_select_related = ("author",)
    search_fields = ("author__username", "body")
    show_full_result_count = False
    raw_id_fields = ("author",)
    readonly_fields = ("timestamp",)
    ordering = ("-timestamp", "-id")

    @admin.display(description=_("body"))
    def beginning(self, post: Post) -> str:
        """Return the first words."""
        return Truncator(post.body).chars(60)
