"""Bulk export: all rows of many ids, as files and in databases."""
