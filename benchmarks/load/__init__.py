"""Thousands of members at once: `python -m benchmarks.load --help`.

Read `plan` (what the crowd is to do, and what it reports), `tab` (what each member's browser does), `run` (one run from
the first row to the verdict) and `report` (the tables, and what must hold). The crowd lives in a process of its own
(`crowd`, `drive`): what it needs of the machine is told apart from what the site needs.
"""
