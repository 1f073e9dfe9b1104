"""The first example of a property reads the knowledge, which takes longer than hypothesis allows one example."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
