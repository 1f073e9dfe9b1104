"""What the modules that mend lines have to be told: which statement a line is, if it is a known one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from explain_log.lines.line import Line

if TYPE_CHECKING:
    from typing import Protocol

    class Known(Protocol):
        """What recognising gives: it has the id of a known statement."""

        id: str


S = TypeVar("S", bound="Known")
Recognise = Callable[[Line], S | None]
