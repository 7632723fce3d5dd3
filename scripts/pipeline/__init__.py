"""From published pages to a generated client, one module a step.

`index` reads which pages there are, `fetch` brings them, `pages` reads a page, `vendored` merges
pages into one specification and its lock, `overlay` corrects it, `shape` gives it the form tools
need, `parse` has the generator read it, `generate` makes the client, and `transaction` puts
results in place whole or not at all. `workspace` knows where everything lives and runs them in
order; `sources` gathers what to vendor. Whatever decides is pure: data in, data out. `difference`
stands beside them: it explains what changed between two results.
"""
