"""What every test of the bots may ask for."""

import pytest
from chats import StubService


@pytest.fixture
def stub():
    """A stand-in for the REST service."""
    return StubService()
