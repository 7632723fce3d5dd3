"""What workers on several machines have committed: segments, which one process takes over."""
