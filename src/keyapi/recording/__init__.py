"""Requests with their answers: recorded, redacted, kept as HAR, and replayed."""
