"""Server -> spec: a sandbox serves every shape of operation, of the judge's own specification."""
