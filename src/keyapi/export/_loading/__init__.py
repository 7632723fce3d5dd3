"""Loads what a run has published into databases and warehouses."""
