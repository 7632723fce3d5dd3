"""Contract: what a specification says is read as it is written, and each breach is named."""
