"""Credits: a call is sent as often as documented, when, and at the cost that it is counted at.

Retries, waits, budgets, limiters, caches and logs of one process and its forked children.
"""
