"""Step 2: the overlay, declared corrections of the vendored specification."""
