"""The column of a member's email address."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class LowerCaseEmailField(models.EmailField):  # type: ignore[type-arg] # Django's takes none at run time
    """An email address, stored in lower case by whichever path it comes: django-allauth looks for it like that."""

    def deconstruct(self) -> Any:
        """Return what migrations know of it: the column is that of Django's field."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs

    def to_python(self, value: Any) -> Any:
        """Return what a form or a fixture holds, in lower case."""
        return lowered(super().to_python(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the address that is about to be saved; the instance has it in lower case from then on."""
        value = lowered(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return what is written, by `update` and `bulk_create` too."""
        return super().get_db_prep_save(lowered(value), connection)


def lowered(value: Any) -> Any:
    """Return an address in lower case; what is no text, such as an expression, as it is."""
    return value.lower() if isinstance(value, str) else value
