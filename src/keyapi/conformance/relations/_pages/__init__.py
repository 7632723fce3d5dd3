"""Pages and walks: each row of a list is given once, in order, whoever shares the walk."""
