"""The site on many machines, each cut off or without power in turn: `python -m e2e.hosts --help`.

The machines are network namespaces on one bridge, with processes, files and addresses of their own; all of them are in
one namespace of namespaces, which the kernel ends with this process, however that ends. Read `machines` (what runs
where), `outages` (what is done to them, and what is measured) and `run` (the whole of it).
"""
