"""The previous release and this one side by side, on one database and one queue: `python -m e2e.releases --help`.

`release` starts the processes of either, `travellers` are members who go from one to the other, and `steps` is what a
release without a gap has to stand, in the order in which it happens.
"""
