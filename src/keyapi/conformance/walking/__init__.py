"""Whole walks over pages: which ones are made, how, and what must hold of them.

`plan` says which walks, from an operation's facts; `walker` makes them with the client, sync and
async, and keeps what went over the wire; `client_rules` and `server_rules` judge them.
"""
