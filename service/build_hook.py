"""Hatch build hook: the wheel carries the compiled knowledge, not its sources."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KnowledgeHook(BuildHookInterface):
    """Compiles knowledge/ and puts the bundle into the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatch before the wheel is written; an editable install reads knowledge/ itself."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "service"))
        from explain_log.knowledge.compile import compile_bundle

        bundle = Path(self.directory) / "_knowledge.bundle"
        bundle.parent.mkdir(parents=True, exist_ok=True)
        bundle.write_bytes(compile_bundle(root / "knowledge"))
        build_data["force_include"][str(bundle)] = "explain_log/_knowledge.bundle"
