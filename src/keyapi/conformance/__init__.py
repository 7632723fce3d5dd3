"""The contract suite's engine: cases, judge, relations and the drivers of client and server."""
