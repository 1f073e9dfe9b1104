"""Folders of their own for what is remembered of scripted models."""

from tests.narration.conftest import own_folders

__all__ = ["own_folders"]
