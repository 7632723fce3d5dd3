"""What the scripts do: one module for each, called by the thin entry point of the same name."""
