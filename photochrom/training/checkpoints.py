"""What a run keeps at the end of every epoch, so that a killed run goes on as if it never had been.

A checkpoint is a pair of files: `last-0012.json`, the history so far, and `last-0012.keras`, the
network with its optimizer. The second is renamed into place last, and only then are older pairs
removed: whenever the process dies, one whole pair is there.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import keras

__all__ = ["BEST", "CheckpointCallback", "State", "latest", "latest_state"]

BEST: Final = "best.keras"


@dataclass
class State:
    """All that the network's file does not hold."""

    epochs: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: float = math.inf
    best_epoch: int = 0

    @property
    def since_best(self) -> int:
        """Epochs without gain."""
        return self.epochs - self.best_epoch


def latest(folder: Path) -> tuple[Path, State] | None:
    """The newest whole checkpoint in a folder, if any."""
    networks = sorted(folder.glob("last-*.keras"))
    if not networks:
        return None
    return networks[-1], _state(networks[-1].with_suffix(".json"))


def latest_state(folder: Path) -> State:
    """The newest history in a folder, whether its network is there or not; an empty one if none."""
    told = sorted(folder.glob("last-*.json"))
    return _state(told[-1]) if told else State()


def _state(path: Path) -> State:
    return State(**json.loads(path.read_text("utf-8")))


class CheckpointCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes checkpoints and logs, keeps the best network, and stops when there is no more gain."""

    def __init__(self, run: Path, state: State, *, patience: int = 0) -> None:
        super().__init__()
        self.run = run
        self.state = state
        self.patience = patience

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the TensorBoard log; what a killed run had logged too far is hidden."""
        from tensorboardX import SummaryWriter

        self.folder.mkdir(parents=True, exist_ok=True)
        self._board = SummaryWriter(
            str(self.run / "tensorboard"), purge_step=self.state.epochs + 1, write_to_disk=True
        )

    @property
    def folder(self) -> Path:
        """Where the checkpoints lie."""
        return self.run / "checkpoints"

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep everything of this epoch."""
        numbers = {key: float(value) for key, value in (logs or {}).items()}
        state = self.state
        state.epochs = epoch + 1
        state.history.append({"epoch": epoch + 1, **numbers})
        watched = numbers.get("val_loss", numbers["loss"])
        if watched < state.best:
            state.best, state.best_epoch = watched, epoch + 1
            _save(self.model, self.run / BEST)
        self._checkpoint()
        self._log(numbers)
        if self.patience and state.since_best >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the TensorBoard log."""
        self._board.close()

    def _checkpoint(self) -> None:
        stem = self.folder / f"last-{self.state.epochs:04d}"
        replace_text(stem.with_suffix(".json"), json.dumps(asdict(self.state)))
        _save(self.model, stem.with_suffix(".keras"))
        for old in self.folder.glob("last-*"):
            if old.stem != stem.name:
                old.unlink()

    def _log(self, numbers: dict[str, float]) -> None:
        columns = list(dict.fromkeys(key for row in self.state.history for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(self.state.history)
        replace_text(self.run / "log.csv", text.getvalue())
        for key, value in numbers.items():
            self._board.add_scalar(key, value, self.state.epochs)
        self._board.flush()


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def _save(network: keras.Model, path: Path) -> None:
    partial = path.with_name(f".{path.stem}.partial.keras")
    network.save(partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)
