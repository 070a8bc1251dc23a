"""The columns of this app that change what is written to them."""

from hashlib import sha256
from typing import Any

from django.db import models

DIGEST = "#"
"""Begins a digest, and never a key: a digest that is read from the table cannot be sent as a cookie."""


def key_digest(key: str) -> str:
    """Return what the table holds for a session key: the first 156 bits of its SHA-256, which fill the column."""
    return key if key.startswith(DIGEST) else DIGEST + sha256(key.encode()).hexdigest()[:39]


class DigestField(models.CharField):  # type: ignore[type-arg] # Django's takes none at run time
    """A session key, stored and looked up by its digest: reading the table lets nobody sign in."""

    def deconstruct(self) -> Any:
        """Return what migrations know of it: the column is that of Django's field."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        """Return the digest of a key; what is one stays as it is."""
        value = super().get_prep_value(value)
        return key_digest(value) if isinstance(value, str) else value


class LowerCaseEmailField(models.EmailField):  # type: ignore[type-arg] # Django's takes none at run time
    """An email address, stored in lower case however it is written: django-allauth looks for it in lower case."""

    def deconstruct(self) -> Any:
        """Return what migrations know of it: the column is that of Django's field."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the address that is about to be saved; the instance has it in lower case from then on."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = value.lower()
            setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        """Return what is written or looked for, by `update` and `bulk_update` too."""
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value
