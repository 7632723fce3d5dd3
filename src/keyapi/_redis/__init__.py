"""What processes share through a Redis server."""
