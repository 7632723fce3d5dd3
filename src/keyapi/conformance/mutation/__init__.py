"""Whether the contract suite bites: plant faults one at a time, and see which relation notices.

`runner.score` runs a `Mutation`: baselines by name, and planters that spoil them. The planter of
answers is here; one of specifications needs a generator of clients and is handed in.
"""
