"""Tests of the runtime and of the committed client, offline."""
