"""The contract suite: what keeps specification, client and server honest with one another."""
