"""Rows as tables and data frames: a column for each property, and nothing received is lost."""
