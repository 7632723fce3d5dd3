"""What `bench.py` measures, one module a subject: each has `measure(runs)`, figures by name."""
