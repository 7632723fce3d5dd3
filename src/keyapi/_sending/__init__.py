"""One request from call to answer: limits, retries, cache, monitor and the HTTP clients."""
