"""What training prints where stderr is a file: a line a minute, and one for each epoch."""

from __future__ import annotations

import pytest

from photochrom.cli import training_progress
from photochrom.cli.training_progress import TrainingProgress

pytestmark = pytest.mark.slow  # Keras is loaded


def test_a_log_gets_a_line_a_minute(monkeypatch, capsys):
    now = iter([0.0, 1.0, 59.0, 61.0, 90.0, 122.0])
    monkeypatch.setattr(training_progress.time, "monotonic", lambda: next(now))
    with TrainingProgress() as progress:
        for done in range(1, 6):
            progress.progress("scan", done, 9)
    said = capsys.readouterr().err.splitlines()
    assert said == ["examining photographs: 3 of 9", "examining photographs: 5 of 9"]
