"""Big logs: lines that say nothing one by one are counted in bulk, only the others become lines.

Loaded for big inputs only. A chunk of bytes is looked at as a whole (scanner.py): where every line of it is a request
or a statement whose verdict (verdicts.py) is that it need only be counted, and which holds no secret (screen.py), the
chunk becomes a Stretch; else it is halved, down to a few lines, which go the ordinary way. So the report is the same.
"""

from explain_log.bulk.reading import Bulk, How, StretchMarker

__all__ = ["Bulk", "How", "StretchMarker"]
