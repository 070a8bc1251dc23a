"""Find new migrations that break code of the previous release: `python -m tools.migration_lint`.

While a release is rolled out, old and new processes share one database that is migrated already. `rules` says which
changes break old code, and `reading` which migrations are new.
"""
