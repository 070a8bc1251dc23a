"""The effect of a migration's operation on code that predates it.

Such code names the columns that it knows, in every INSERT and SELECT; deletes rows together with those that it knows to
point to them; and writes what its own models allow.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db.migrations import operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.state import ProjectState
from django.db.models import Field
from django.db.models.fields import NOT_PROVIDED

Problem = tuple[str, str]
"""What it is about, by which it is acknowledged, and what is wrong."""

FIRST_OF_TWO = "Take it out of the state alone (SeparateDatabaseAndState), and out of the database one release later."


@dataclass(frozen=True)
class Change:
    """An operation, with the models before and after it."""

    app: str
    operation: Any
    before: ProjectState
    after: ProjectState
    made: Collection[tuple[str, str]]
    """The models, each (app, name), that old code does not know."""

    def name(self, *parts: str) -> str:
        """Return what the change is called."""
        return f"{type(self.operation).__name__} {'.'.join(parts)}".strip()

    def is_new(self, model: str) -> bool:
        """Return whether old code does not know the model."""
        return (self.app, model.lower()) in self.made

    def field(self, state: ProjectState, name: str) -> "Field[Any, Any]":
        """Return the operation's field as it is in `state`."""
        field: Field[Any, Any] = state.models[self.app, self.operation.model_name_lower].get_field(name)
        return field


def problems_of(change: Change) -> Iterator[Problem]:
    """Yield what is wrong with a change."""
    operation = change.operation
    if isinstance(operation, operations.SeparateDatabaseAndState):
        yield from _in_database_alone(change)
        return
    if type(operation) in SAFE or (isinstance(operation, FieldOperation) and change.is_new(operation.model_name)):
        return
    if rule := RULES.get(type(operation)):
        yield from rule(change)
    else:
        yield change.name(), "no rule covers this operation."


def _in_database_alone(change: Change) -> Iterator[Problem]:
    """Check database operations only: state-only operations don't affect old code."""
    state = change.before
    for operation in change.operation.database_operations:
        after = state.clone()
        operation.state_forwards(change.app, after)
        yield from problems_of(replace(change, operation=operation, before=state, after=after))
        state = after


def _model_created(change: Change) -> Iterator[Problem]:
    for name, field in change.operation.fields:
        yield from _pointing_at_old(change, field, change.name(change.operation.name_lower, name))


def _field_added(change: Change) -> Iterator[Problem]:
    operation = change.operation
    field, name = operation.field, change.name(operation.model_name_lower, operation.name)
    if not (field.null or field.many_to_many or field.generated or field.db_default is not NOT_PROVIDED):
        yield name, "it is NOT NULL without db_default, and old code inserts rows without it. Give it a db_default."
    if field.unique:
        yield name, "it is unique, and old code gives all its rows the same default."
    elif field.db_index and not field.remote_field:
        yield name, LOCKING
    yield from _pointing_at_old(change, field, name)


def _pointing_at_old(change: Change, field: "Field[Any, Any]", name: str) -> Iterator[Problem]:
    """Judge a field that may point to rows which old code deletes, without knowing of those that have to go too."""
    if not field.remote_field or not getattr(field, "db_constraint", True):
        return
    target = str(
        field.remote_field.model if isinstance(field.remote_field.model, str) else field.remote_field.model._meta.label
    )
    app, _dot, model = target.rpartition(".")
    if (app or change.app, model.lower()) not in change.made:
        yield (
            name,
            f"old code that deletes a row of {target} does not know of it, and is refused. Use db_constraint=False.",
        )


def _field_altered(change: Change) -> Iterator[Problem]:
    operation = change.operation
    old, new = (_column(change.field(state, operation.name)) for state in (change.before, change.after))
    differing = {key for key in old | new if old.get(key) != new.get(key)}
    if _is_wider(old, new):
        differing -= {"max_length"}
    if old.get("db_default") is None:
        differing -= {"db_default"}
    if not new.get("unique"):
        differing -= {"unique"}
    if differing:
        name = change.name(operation.model_name_lower, operation.name)
        yield (
            name,
            f"the column changes ({', '.join(sorted(differing))}), and old code knows the one that was. Add another.",
        )


def _column(field: "Field[Any, Any]") -> dict[str, Any]:
    """Return what is in the database of a field."""
    _name, path, _arguments, options = field.deconstruct()
    unseen = {*field.non_db_attrs, "default", "auto_now", "auto_now_add", "storage", "upload_to"} - {"db_column"}
    return {"type": path} | {key: value for key, value in options.items() if key not in unseen}


def _is_wider(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return bool(old.get("max_length")) and (new.get("max_length") or float("inf")) >= old["max_length"]


def _field_removed(change: Change) -> Iterator[Problem]:
    yield _of_field(change), f"old code still reads and writes it. {FIRST_OF_TWO}"


def _field_renamed(change: Change) -> Iterator[Problem]:
    name = change.name(change.operation.model_name_lower, change.operation.old_name)
    yield name, "old code still uses the old name. Give the field db_column instead."


def _model_gone(change: Change) -> Iterator[Problem]:
    name = getattr(change.operation, "old_name_lower", None) or change.operation.name_lower
    if not change.is_new(name):
        yield change.name(name), f"old code still uses the table. {FIRST_OF_TWO}"


def _limited(change: Change) -> Iterator[Problem]:
    model = getattr(change.operation, "model_name", "") or change.operation.name
    if change.is_new(model):
        return
    about = [change.operation.constraint.name] if hasattr(change.operation, "constraint") else []
    yield (
        change.name(model.lower(), *about),
        "old code may write what is then refused, and rows that are there may break it.",
    )


LOCKING = (
    "nobody can write to the table while the index is built. Say how large the table can be, and how long it takes."
)


def _index_added(change: Change) -> Iterator[Problem]:
    if not change.is_new(change.operation.model_name):
        yield change.name(change.operation.model_name_lower, change.operation.index.name), LOCKING


def _program_run(change: Change) -> Iterator[Problem]:
    code = getattr(change.operation, "code", None)
    yield change.name(*([code.__name__] if code else [])), "no rule covers this operation."


def _of_field(change: Change) -> str:
    return change.name(change.operation.model_name_lower, change.operation.name)


SAFE: set[type[Operation]] = {
    AddIndexConcurrently,
    operations.AlterConstraint,  # changes an error message alone, never the database
    operations.AlterModelManagers,
    operations.AlterModelOptions,
    operations.AlterModelTableComment,
    operations.RemoveConstraint,
    operations.RemoveIndex,
    operations.RenameIndex,
}
RULES: dict[type[Operation], Callable[[Change], Iterator[Problem]]] = {
    AddConstraintNotValid: _limited,
    operations.AddConstraint: _limited,
    operations.AddField: _field_added,
    operations.AddIndex: _index_added,
    operations.AlterField: _field_altered,
    operations.AlterIndexTogether: _limited,
    operations.AlterModelTable: _model_gone,
    operations.AlterOrderWithRespectTo: _limited,
    operations.AlterUniqueTogether: _limited,
    operations.CreateModel: _model_created,
    operations.DeleteModel: _model_gone,
    operations.RemoveField: _field_removed,
    operations.RenameField: _field_renamed,
    operations.RenameModel: _model_gone,
    operations.RunPython: _program_run,
    operations.RunSQL: _program_run,
}
