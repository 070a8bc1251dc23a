"""Erase the files of a closed account's imports; their rows go with the member's."""

from typing import Any

from django.dispatch import receiver

from accounts.closing.erasure import account_erasing
from accounts.models import User
from imports.models import Import, imports_storage


@receiver(account_erasing)
def remove_files(*, user: User, **_signal: Any) -> None:
    """Remove the files that the member has uploaded. Raises what a storage raises when it is unavailable."""
    for upload in Import.objects.filter(user=user).exclude(file=""):
        imports_storage().delete(str(upload.file.name))
