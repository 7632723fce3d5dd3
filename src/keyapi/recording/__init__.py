"""Recordings of requests and their answers: made, redacted, stored as HAR, and replayed."""
