"""`nox -s soak`: the client under load for a given time, with every row and credit accounted for.

`server` is a process of its own that fails at random and counts; `workers` are the tasks and
threads that use one client each, all at once; `account` compares what both sides counted.
"""
