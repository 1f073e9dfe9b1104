"""`python -m evals`."""

import sys

from evals.command import main

sys.exit(main())
