"""Processes that are forked from one that has imported everything: each begins at once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable


def fork_for_each_line(work: Callable[..., object]) -> None:
    """Fork a process for each line of standard input.

    Prints its process id, then, once it has ended, its exit code, as `os.waitstatus_to_exitcode`
    gives it.

    Args:
        work: What the process does; a line holds the arguments, as JSON.
    """
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                work(*json.loads(line))
            finally:
                os._exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
