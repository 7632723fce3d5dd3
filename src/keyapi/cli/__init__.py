"""The command `keyapi`. Its commands are the methods of the generated clients.

Exit codes: 0 done; 1 the API answered with an error, or not at all; 2 the command, the key or an
option cannot be used; 3 the budget or the plan's quota is used up; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What stands behind `keyapi`; taken from the process where not given.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:  # without the imports that everything else needs
        from keyapi.cli.messages import version

        sys.stdout.write(f"keyapi-tiktok {version()}\n")
        return 0
    try:
        import cyclopts  # noqa: F401 - the extra is there, or it is not
    except ImportError:
        sys.stderr.write("keyapi needs more packages: pip install 'keyapi-tiktok[cli]'\n")
        return 2
    from keyapi.cli.app import run

    return run(given)
