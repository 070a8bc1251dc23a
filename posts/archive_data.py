"""What the complete archive holds about posts besides the posts themselves."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.member_data import MemberData, Part, member_data
from accounts.models import User
from core.links import absolute_url
from posts.models import Post, PostOrigin, RemovedPost


@member_data
class DeletedPosts(MemberData):
    """The posts that the member can still restore."""

    name = "deleted_posts"
    contents = _("Posts you deleted within the last hour, which you can still restore.")
    part = Part.POSTS
    keys = ("posts.RemovedPost.author",)
    columns = {"body": "body", "timestamp": "timestamp", "deleted": "removed_at"}
    written_at = "timestamp"

    @classmethod
    def rows(cls, user: User) -> QuerySet[RemovedPost]:
        """Return the posts."""
        return user.removed_posts.order_by("timestamp", "pk")


@member_data
class Origins(MemberData):
    """Where imported posts come from."""

    name = "origins"
    contents = _("Where your imported posts come from: the service, and the link to the original.")
    part = Part.POSTS
    keys = ("posts.PostOrigin.author",)
    columns = {
        "post": "post_id",
        "is_deleted": ~Exists(Post.objects.filter(pk=OuterRef("post_id"))),
        "source": "source",
        "source_id": "source_id",
        "url": "url",
        "import": "import_id",
    }
    written_at = "post__timestamp"

    @classmethod
    def rows(cls, user: User) -> QuerySet[PostOrigin]:
        """Return the origins."""
        return user.post_origins.order_by("post_id")

    @classmethod
    def record(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values with the post's address, which is also its id in `outbox.json`."""
        return {**values, "post": absolute_url(f"/posts/{values['post']}")}
