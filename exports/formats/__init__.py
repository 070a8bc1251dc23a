"""Write a member's data as files, in constant memory: batches of rows come in, bytes go out.

The modules know neither models nor queues; each format has a module of its own.
"""
