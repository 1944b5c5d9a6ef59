"""One person who signs."""

from __future__ import annotations

import pytest

from tests.provenance.certificates import Papers, papers


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers(tmp_path_factory.mktemp("desk"))
