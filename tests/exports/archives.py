"""Archives for tests, of any content."""

import hashlib
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import User
from exports.models import Archive
from tasks.models import Task


def archive_of(user: User, content: bytes, *, task_name: str = "export_posts", **fields: Any) -> Archive:
    """Return a member's finished export with this content in the storage; its mail is not due."""
    task = Task.objects.create(user=user, name=task_name, description="Exporting", status="succeeded")
    archive = Archive(
        **{
            "task": task,
            "user": user,
            "filename": "posts.json",
            "content_type": "application/json",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "item_counts": {"posts": 3},
            "snapshot_at": timezone.now(),
            "expires_at": timezone.now() + timedelta(days=7),
            **fields,
        }
    )
    archive.file.save(f"{user.pk}/{task.pk}-1/{archive.filename}", ContentFile(content), save=False)
    archive.save()
    return archive
