"""Print this machine's figures: ratios measured side by side in one run, medians of several.

python scripts/bench.py [--json] [--runs N] [--pace] [SUBJECT ...]

Subjects: calls, loopback, startup, regeneration; and those measured over minutes, only where they
are named: pace, sandbox, export, million, scale-out.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module

_SUBJECTS = ("calls", "loopback", "startup", "regeneration")  # unless told otherwise
_PACE = "pace"
_LONG = (_PACE, "sandbox", "export", "million", "scale-out")


def main() -> int:
    """Parse the command line and print the figures."""
    modules = {
        name: import_module("figures." + name.replace("-", "_")) for name in (*_SUBJECTS, *_LONG)
    }
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\n" + "\n".join(str(m.__doc__) for m in modules.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help="what is measured")
    parser.add_argument("--pace", action="store_true", help="the same as the subject pace")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    arguments = parser.parse_args()
    if unknown := set(arguments.subjects) - modules.keys():
        parser.error(f"no subject {sorted(unknown)[0]!r}; there are {', '.join(modules)}")
    chosen = arguments.subjects + [_PACE] * (arguments.pace and _PACE not in arguments.subjects)
    figures: dict[str, float] = {}
    for name in chosen or _SUBJECTS:
        figures |= modules[name].measure(arguments.runs)
    if arguments.json:
        print(json.dumps({name: round(value, 4) for name, value in figures.items()}, indent=2))
    else:
        for name, value in figures.items():
            unit = " s" if name.startswith(("regenerate", "first")) else ""
            print(f"{name:<22} {value:8.3f}{unit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
