"""The indexes of the search, in each database's own way."""

from django.db import migrations

from posts.search import installing


def install(apps, schema_editor):
    installing.install(schema_editor.connection)


def remove(apps, schema_editor):
    installing.remove(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_preferences_sessions_and_lists'),
        ('posts', '0002_removed_posts'),
    ]

    operations = [
        migrations.RunPython(install, remove, elidable=False),
    ]
