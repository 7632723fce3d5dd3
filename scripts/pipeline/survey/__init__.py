"""What is understood of pages: where they come from, their facts, calls, and the report."""
