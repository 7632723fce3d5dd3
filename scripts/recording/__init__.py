"""Recordings of every operation: what to call, and what to do with what is answered."""
