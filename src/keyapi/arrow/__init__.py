"""Rows as Arrow: the columns of an operation's rows, and tables of rows."""
