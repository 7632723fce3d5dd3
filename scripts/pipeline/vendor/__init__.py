"""Step 1: pages as published, merged into the vendored specification."""
