"""`python -m explain_log` is `explain-log`."""

from __future__ import annotations

import sys

from explain_log.cli import main

sys.exit(main())
