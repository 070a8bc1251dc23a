"""A run in which everything dies at random moments while members export and import: `python -m e2e.chaos --help`.

Read `schedule` (what is to happen), `injection` (how it is done), `recovery` (what is measured) and `checks` (what must
hold at the end); `run` puts them together, and the other modules are the servers, the workers and the members.
"""
