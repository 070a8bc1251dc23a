"""The site in use for a while, with restarts and releases: `python -m benchmarks.soak --help`.

Read `events` (what happens to the site meanwhile), `samples` (what is looked at) and `verdict` (what must not grow).
"""
