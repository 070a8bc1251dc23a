"""`manage.py shell`: the models and what one does with them are there, each name once."""

import subprocess
import sys
from collections import Counter

import pytest
from django.apps import apps
from django.conf import settings

from operations.management.commands.shell import Command

pytestmark = pytest.mark.processes

NAMES = "User, Follow, Post, Notification, Task, Archive, Message, timezone, settings, task_launch, notify"


def test_it_has_the_models_and_the_tools_at_hand() -> None:
    code = f"print(*[thing.__name__ for thing in ({NAMES}) if hasattr(thing, '__name__')], settings.ROOT_URLCONF)"
    shell = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    result = subprocess.run(shell, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert result.stderr == ""
    assert result.stdout.split() == [
        *("User", "Follow", "Post", "Notification", "Task", "Archive", "Message", "django.utils.timezone"),
        *("task_launch", "notify", "microblog_project.urls"),
    ]


def test_no_name_hides_another_and_no_model_of_ours_is_missing() -> None:
    names = Counter(path.rpartition(".")[2] for path in Command().get_auto_imports())
    assert [name for name, count in names.items() if count > 1] == []
    ours = [model for model in apps.get_models() if not model.__module__.startswith(("django.", "allauth."))]
    assert {model.__name__ for model in ours} <= set(names)
