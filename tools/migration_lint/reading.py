"""Which migrations are new, and what is wrong with them."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import CreateModel
from django.db.migrations.state import ProjectState

from tools.migration_lint.rules import Change, problems_of


def problems_since(released: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with the project's migrations whose files are not among those `released`, a line each."""
    loader = MigrationLoader(None)
    new = [migration for migration in own_migrations(loader) if path_of(migration) not in released]
    made = {
        (migration.app_label, operation.name_lower)
        for migration in new
        for operation in migration.operations
        if isinstance(operation, CreateModel)
    }
    for migration in new:
        state = loader.project_state((migration.app_label, migration.name), at_end=False)
        for problem in problems_in(migration, state, made):
            yield f"{path_of(migration)}: {problem}"


def problems_in(migration: Migration, state: ProjectState, made: Collection[tuple[str, str]]) -> Iterator[str]:
    """Yield what is wrong with one migration; `state` is that before it, `made` the models that old code lacks."""
    acknowledged: Mapping[str, str] = getattr(migration, "acknowledged", {})
    seen = set()
    for operation in migration.operations:
        after = state.clone()
        operation.state_forwards(migration.app_label, after)
        for name, problem in problems_of(Change(migration.app_label, operation, state, after, made)):
            seen.add(name)
            if not acknowledged.get(name, "").strip():
                yield f"{name}: {problem}"
        state = after
    for name in sorted(acknowledged.keys() - seen):
        yield f"{name}: it is acknowledged, but nothing is wrong with it. Take that out."


def own_migrations(loader: MigrationLoader) -> list[Migration]:
    """Return the migrations of the project's own apps, each after those that it depends on."""
    plan: dict[tuple[str, str], Migration] = {}
    for leaf in sorted(loader.graph.leaf_nodes()):
        for key in loader.graph.forwards_plan(leaf):
            plan.setdefault(key, loader.graph.nodes[key])
    own = {config.label for config in apps.get_app_configs() if is_own(config.path)}
    return [migration for (app, _name), migration in plan.items() if app in own]


def is_own(folder: str) -> bool:
    """Return whether an app's folder is in the project itself."""
    return Path(folder).parent == settings.BASE_DIR


def path_of(migration: Migration) -> str:
    """Return the migration's file, as Git names it."""
    return f"{migration.__module__.replace('.', '/')}.py"
