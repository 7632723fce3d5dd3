"""Client -> spec: a request holds what was asked for, as the specification writes it.

By each way of asking: methods, low-level functions, arguments, texts and the options of a client.
"""
