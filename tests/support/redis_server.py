"""Redis servers of the tests' own, on loopback, where `redis-server` is installed."""

from __future__ import annotations

import pytest

from keyapi.conformance.drivers._redis import RedisProcess, has_redis

__all__ = ["RedisProcess", "needs_redis"]

needs_redis = pytest.mark.skipif(not has_redis(), reason="redis-server is not installed")
