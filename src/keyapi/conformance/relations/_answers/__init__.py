"""Spec -> client: an answer is given back as it was received, by documented names and types.

What breaks the specification, and what refuses a call, is raised as the error that says so.
"""
