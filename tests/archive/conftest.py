"""A storage for the tests of archives."""

from __future__ import annotations

import fsspec
import pytest


@pytest.fixture
def bucket():
    """An empty storage that is not a folder of this machine."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    return memory
