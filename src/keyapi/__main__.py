"""`python -m keyapi`: the command line, where its script is not on the path."""

import sys

from keyapi.cli import main

sys.exit(main())
