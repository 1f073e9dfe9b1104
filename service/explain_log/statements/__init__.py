"""Room 2: finds which known statement a line is, and its typed fields."""

from explain_log.statements.recogniser import Recogniser
from explain_log.statements.shapes import Shapes
from explain_log.statements.statement import Statement

__all__ = ["Recogniser", "Shapes", "Statement"]
