"""Names: what is called, what it is given and what reads its answer are named as documented."""
