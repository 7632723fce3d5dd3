"""The command `keyapi`. Its commands are the methods of the generated clients.

Exit codes: 0 success; 1 the API returned an error or did not answer; 2 the command, an option or
the key is invalid; 3 the budget or the plan's quota is used up; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The arguments after `keyapi`; those of the process if None.

    Returns:
        The exit code.
    """
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    if tokens == ["--version"]:  # without the imports that everything else needs
        from keyapi.cli.messages import version

        sys.stdout.write(f"keyapi-tiktok {version()}\n")
        return 0
    try:
        import cyclopts  # noqa: F401 - only to see whether the extra is installed
    except ImportError:
        sys.stderr.write("keyapi needs more packages: pip install 'keyapi-tiktok[cli]'\n")
        return 2
    from keyapi.cli.app import run

    return run(tokens)
