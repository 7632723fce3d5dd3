"""Recording: what is recorded holds no secret, and is replayed as it was received."""
