"""Step 4: the effective specification, made into an installed and typed client."""
