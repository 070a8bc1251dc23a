"""Finds the new migrations that code of the previous release could not live with: `python -m tools.migration_lint`.

While a release is rolled out, old and new processes share one database that is migrated already. `judging` says what
old code trips over, and `reading` which migrations are new.
"""
