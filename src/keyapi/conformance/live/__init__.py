"""The contract as a live server keeps it: a fixed list of cases, within a hard cap on credits."""
