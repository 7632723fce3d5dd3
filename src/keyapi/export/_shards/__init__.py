"""An export on many machines: slices of its list, each with a log that one worker writes."""
