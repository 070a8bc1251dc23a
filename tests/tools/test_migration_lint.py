"""The migration lint finds only changes that would break the previous release's code."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tests.programs import cannot_run
from tools.migration_lint.reading import problems_in, problems_since
from tools.previous_release import NoPreviousReleaseError, files_of, git, previous_release

pytestmark = pytest.mark.processes

KEY = ("id", models.BigAutoField(primary_key=True))
TASK = migrations.CreateModel(
    "Task", [KEY, ("name", models.CharField(max_length=64)), ("note", models.TextField(null=True))]
)
TO_TASK = models.ForeignKey("work.Task", models.CASCADE)
UNIQUE = models.UniqueConstraint(fields=["name"], name="one_name")
INDEX = models.Index(fields=["name"], name="by_name")
OPTIONAL: Any = models.ForeignKey("work.Task", models.SET_NULL, null=True)
LOOSE: Any = models.ForeignKey("work.Task", models.SET_NULL, null=True, db_constraint=False)
NOTE: Any = models.TextField(null=True)
Field = models.Field[Any, Any]
NOTHING = migrations.RunPython.noop


def problems(*operations: Operation, **attributes: object) -> list[str]:
    """Return what is wrong with a migration of these operations, where old code knows the model Task."""
    state = ProjectState()
    TASK.state_forwards("work", state)
    migration = migrations.Migration("0002_new", "work")
    for name, value in {"operations": operations, **attributes}.items():
        setattr(migration, name, value)
    made = {("work", one.name_lower) for one in operations if isinstance(one, migrations.CreateModel)}
    return list(problems_in(migration, state, made))


def add(field: Field) -> migrations.AddField:
    return migrations.AddField("task", "lane", field)


def alter(field: Field, name: str = "name") -> migrations.AlterField:
    return migrations.AlterField("task", name, field)


@pytest.mark.parametrize(
    ("operation", "name", "words"),
    [
        (add(models.CharField(max_length=9, default="")), "AddField task.lane", "NOT NULL without db_default"),
        (add(models.CharField(max_length=9, db_default="", unique=True)), "AddField task.lane", "unique"),
        (add(models.CharField(max_length=9, db_default="", db_index=True)), "AddField task.lane", "while the index"),
        (add(OPTIONAL), "AddField task.lane", "is refused"),
        (migrations.RemoveField("task", "name"), "RemoveField task.name", "still reads and writes"),
        (migrations.RenameField("task", "name", "title"), "RenameField task.name", "old name"),
        (migrations.DeleteModel("Task"), "DeleteModel task", "still uses the table"),
        (migrations.RenameModel("Task", "Job"), "RenameModel task", "still uses the table"),
        (migrations.AlterModelTable("task", "jobs"), "AlterModelTable task", "still uses the table"),
        (alter(models.CharField(max_length=9)), "AlterField task.name", "(max_length)"),
        (alter(models.CharField(max_length=64, unique=True)), "AlterField task.name", "(unique)"),
        (alter(models.IntegerField()), "AlterField task.name", "(type)"),
        (alter(models.CharField(max_length=64, db_column="title")), "AlterField task.name", "(db_column)"),
        (alter(models.TextField(), "note"), "AlterField task.note", "(null)"),
        (migrations.AddConstraint("task", UNIQUE), "AddConstraint task.one_name", "may write what is then refused"),
        (migrations.AlterUniqueTogether("task", {("name", "note")}), "AlterUniqueTogether task", "may write"),
        (migrations.AddIndex("task", INDEX), "AddIndex task.by_name", "nobody can write"),
        (migrations.CreateModel("Event", [KEY, ("task", TO_TASK)]), "CreateModel event.task", "is refused"),
        (migrations.RunSQL("DROP TABLE work_task"), "RunSQL", "no rule covers"),
        (migrations.RunPython(NOTHING), "RunPython noop", "no rule covers"),
    ],
)
def test_changes_that_break_old_code_are_found_and_can_be_acknowledged(
    operation: Operation, name: str, words: str
) -> None:
    [problem] = problems(operation)
    assert problem.startswith(f"{name}: ")
    assert words in problem
    assert problems(operation, acknowledged={name: "  "})
    assert problems(operation, acknowledged={name: "the reason"}) == []


@pytest.mark.parametrize(
    "operation",
    [
        add(models.CharField(max_length=9, db_default="")),
        add(NOTE),
        add(LOOSE),
        alter(models.CharField(max_length=64, choices=[("a", "A")], default="a", help_text="?")),
        alter(models.CharField(max_length=64, db_default="")),
        alter(models.CharField(max_length=128)),
        migrations.AlterModelOptions("task", {"ordering": ["name"]}),
        migrations.AlterConstraint("task", "named", models.UniqueConstraint(fields=["name"], name="named")),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("task", "note")]),
        migrations.CreateModel("Event", [KEY, ("name", models.CharField(max_length=9))]),
    ],
)
def test_changes_that_are_safe_for_old_code_pass(operation: Operation) -> None:
    assert problems(operation) == []


def test_a_new_table_may_be_given_anything() -> None:
    event = migrations.CreateModel("Event", [KEY, ("name", models.CharField(max_length=9))])
    later = migrations.AddField("event", "lane", models.CharField(max_length=9, default=""))
    index = migrations.AddIndex("event", INDEX)
    unique = migrations.AddConstraint("event", UNIQUE)
    assert problems(event, later, index, unique) == []


def test_database_only_operations_are_checked() -> None:
    hidden = migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("task", "name")])
    [problem] = problems(hidden)
    assert problem.startswith("RemoveField task.name: ")


def test_an_acknowledgement_of_nothing_is_found() -> None:
    [problem] = problems(acknowledged={"AddField task.lane": "the reason"})
    assert problem.startswith("AddField task.lane: it is acknowledged")


def test_migrations_of_the_previous_release_are_not_judged() -> None:
    every = list(problems_since(set()))
    assert "posts/migrations/0003_search.py" in {problem.partition(":")[0] for problem in every}
    files = {str(path.relative_to(settings.BASE_DIR)) for path in Path(settings.BASE_DIR).glob("*/migrations/*.py")}
    assert list(problems_since(files)) == []


@pytest.fixture
def release() -> str:
    try:
        return previous_release()
    except NoPreviousReleaseError as error:
        cannot_run(str(error))


def test_the_previous_release_is_an_older_commit_whose_files_are_known(release: str) -> None:
    assert git("merge-base", "--is-ancestor", release, "HEAD") == ""
    assert "exports/migrations/0001_initial.py" in files_of(release)


def test_old_code_can_live_with_the_migrations_since_the_previous_release(release: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tools.migration_lint"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    assert release in result.stdout
