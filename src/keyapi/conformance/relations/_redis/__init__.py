"""Credits: processes that share a budget or a rate through Redis never exceed it."""
