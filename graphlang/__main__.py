"""`python -m graphlang`: the command line."""

import sys

from graphlang.cli import main

sys.exit(main())
