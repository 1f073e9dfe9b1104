"""What the tests of the cache share with those of the narration: a scripted server, folders of their own."""

from tests.narration.conftest import explain, ollama, own_folders, told

__all__ = ["explain", "ollama", "own_folders", "told"]
