"""From published pages to a generated client, one folder for each step.

`document` reads YAML and knows the structure of OpenAPI; `vendor` fetches, reads and merges pages;
`correct` applies the overlay; `shape` gives the specification the form tools need; `generate` makes
the client; `difference` explains what changed between two results. `project` knows where
everything lives and runs the steps in order, `transaction` puts results in place atomically, and
`commands` does what the scripts do. Whatever decides is pure: data in, data out.
"""
