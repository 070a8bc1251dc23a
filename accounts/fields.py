"""Model fields that convert their values before they are stored."""

from hashlib import sha256
from typing import Any

from django.db import models

DIGEST = "#"
"""Begins a digest, and never a key: a digest read from the table is no valid cookie."""


def key_digest(key: str) -> str:
    """Return the stored form of a session key: the first 156 bits of its SHA-256, which fill the column."""
    return key if key.startswith(DIGEST) else DIGEST + sha256(key.encode()).hexdigest()[:39]


class DigestField(models.CharField):  # type: ignore[type-arg] # Django's takes none at run time
    """A session key, stored and looked up by its digest: a reader of the table cannot sign in."""

    def deconstruct(self) -> Any:
        """Return Django's own field for migrations: the column is the same."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        """Return the digest of a key; a digest is returned unchanged."""
        value = super().get_prep_value(value)
        return key_digest(value) if isinstance(value, str) else value


class LowerCaseEmailField(models.EmailField):  # type: ignore[type-arg] # Django's takes none at run time
    """An email address, always stored in lower case, as django-allauth looks it up."""

    def deconstruct(self) -> Any:
        """Return Django's own field for migrations: the column is the same."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the address in lower case, and set it on the instance."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = value.lower()
            setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        """Return the address in lower case, for lookups, `update` and `bulk_update`, too."""
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value
