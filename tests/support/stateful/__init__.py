"""The client against a simple model of it: walks, errors, retries, cache, budget, all at once.

`server` fails as it is told to and counts; `model` says in plain Python what a client should make
of it; `machine` does the same with both, sync or async, and compares.
"""
