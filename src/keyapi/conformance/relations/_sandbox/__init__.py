"""Server -> spec: a sandbox does what its options, data and doors promise."""
