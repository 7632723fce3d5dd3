"""KeyAPI on your own machine: a server that answers as the effective specification says, offline.

    from keyapi.sandbox import Sandbox

    sandbox = Sandbox(credits=100, faults=["html-502@2"])
    with sandbox.client() as tiktok:
        tiktok.influencer.products_analytics(user_id="6813855719982466054")
    sandbox.ledger.charged

`with sandbox.serve() as url:` puts the same sandbox on a real port; the object itself is an ASGI
application. Everything it serves is derived from the specification and its `x-keyapi`.
"""

from __future__ import annotations

from keyapi._extras import extra

with extra("sandbox", "keyapi.sandbox"):
    from keyapi.sandbox._exchange import Reply, SandboxRequest
    from keyapi.sandbox._ledger import Entry, Ledger
    from keyapi.sandbox._sandbox import Sandbox, run
    from keyapi.sandbox.faults import FAULTS

__all__ = ["FAULTS", "Entry", "Ledger", "Reply", "Sandbox", "SandboxRequest", "run"]
