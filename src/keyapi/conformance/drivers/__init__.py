"""The drivers of the contract as relations meet them: a server to ask, a client to call."""

from keyapi.conformance.drivers._clients import Caller, Inexpressible, Sent, as_annotated, types_of
from keyapi.conformance.drivers._low_level import LowLevel
from keyapi.conformance.drivers._requests import KEY, read_path, wire
from keyapi.conformance.drivers._servers import Serve, Served, http_server, sandbox_server

__all__ = [
    "KEY",
    "Caller",
    "Inexpressible",
    "LowLevel",
    "Sent",
    "Serve",
    "Served",
    "as_annotated",
    "http_server",
    "read_path",
    "sandbox_server",
    "types_of",
    "wire",
]
