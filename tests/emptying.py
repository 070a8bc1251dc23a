"""Emptying the database after a test that commits: Django's own way takes longer than most of these tests."""

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_migrations", "django_content_type", "auth_permission"}
"""What the migrations wrote; no test changes it."""


def empty_database(_test: TransactionTestCase) -> None:
    """Delete all rows of all models, and the rate limits.

    A TRUNCATE creates new files, and would require rewriting the permissions.
    """
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    tables.add(str(settings.CACHES["default"]["LOCATION"]))
    try:
        delete_rows(tables)
    except OperationalError:  # a deadlock with the last statement of a killed worker, whose transaction is over now
        delete_rows(tables)


def delete_rows(tables: set[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:  # references are looked at in the end
        for table in sorted(tables):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
