"""What the contract suite needs of pages, overlay and regeneration."""
