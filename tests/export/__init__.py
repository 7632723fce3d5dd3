"""Tests of bulk export."""
