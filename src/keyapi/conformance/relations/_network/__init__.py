"""Network: what goes over the client's own connections is what a transport would be given."""
