"""Checkpoints at the end of each epoch, from which a killed run resumes as if uninterrupted.

A checkpoint is a pair of files: `last-0012.json`, the history so far, and `last-0012.keras`, the
network with its optimizer. The second is renamed into place last, and older pairs are removed only
afterwards. So there is always one complete pair, whenever the process dies.
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
    """The state of a run besides the network; it is saved as JSON.

    Attributes:
        epochs: number of finished epochs.
        history: logged quantities, a dictionary for each epoch.
        best: lowest validation loss, or training loss if there is no validation.
        best_epoch: number of the epoch with the lowest loss; 0 before the first.
    """

    epochs: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: float = math.inf
    best_epoch: int = 0

    @property
    def since_best(self) -> int:
        """Number of epochs since the best one."""
        return self.epochs - self.best_epoch


def latest(folder: Path) -> tuple[Path, State] | None:
    """Return the newest complete checkpoint in a folder, its network's path and state, if any."""
    networks = sorted(folder.glob("last-*.keras"))
    if not networks:
        return None
    return networks[-1], _state(networks[-1].with_suffix(".json"))


def latest_state(folder: Path) -> State:
    """Return the newest state in a folder, or an initial state if there is none.

    The network of that checkpoint may be missing.
    """
    states = sorted(folder.glob("last-*.json"))
    return _state(states[-1]) if states else State()


def _state(path: Path) -> State:
    """Read a state."""
    return State(**json.loads(path.read_text("utf-8")))


class CheckpointCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that writes checkpoints and logs, keeps the best network and stops early."""

    def __init__(self, run: Path, state: State, *, patience: int = 0) -> None:
        """Create the callback.

        Args:
            run: the run's folder.
            state: the state to update.
            patience: stop after so many epochs without improvement; 0 never stops.
        """
        super().__init__()
        self.run = run
        self.state = state
        self.patience = patience

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the TensorBoard log.

        What a killed run logged after its last checkpoint is hidden.
        """
        from tensorboardX import SummaryWriter

        self.folder.mkdir(parents=True, exist_ok=True)
        self._tensorboard = SummaryWriter(
            str(self.run / "tensorboard"), purge_step=self.state.epochs + 1, write_to_disk=True
        )

    @property
    def folder(self) -> Path:
        """The folder of the checkpoints."""
        return self.run / "checkpoints"

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Update the state, and write the checkpoint and the logs."""
        numbers = {key: float(value) for key, value in (logs or {}).items()}
        state = self.state
        state.epochs = epoch + 1
        state.history.append({"epoch": epoch + 1, **numbers})
        monitored = numbers.get("val_loss", numbers["loss"])
        if monitored < state.best:  # False for NaN, which is never the best
            state.best, state.best_epoch = monitored, epoch + 1
            _save(self.model, self.run / BEST)
        self._checkpoint()
        self._log(numbers)
        if self.patience and state.since_best >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the TensorBoard log."""
        self._tensorboard.close()

    def _checkpoint(self) -> None:
        """Write a checkpoint and remove older ones."""
        stem = self.folder / f"last-{self.state.epochs:04d}"
        # The network comes last, because `latest` looks for it: then its history is there, too.
        replace_text(stem.with_suffix(".json"), json.dumps(asdict(self.state)))
        _save(self.model, stem.with_suffix(".keras"))
        for old in self.folder.glob("last-*"):
            if old.stem != stem.name:
                old.unlink()

    def _log(self, numbers: dict[str, float]) -> None:
        # A resumed run may log other quantities: the columns are those of all rows.
        """Write `log.csv` and the epoch's TensorBoard values."""
        columns = list(dict.fromkeys(key for row in self.state.history for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(self.state.history)
        replace_text(self.run / "log.csv", text.getvalue())
        for key, value in numbers.items():
            self._tensorboard.add_scalar(key, value, self.state.epochs)
        self._tensorboard.flush()


def replace_text(path: Path, text: str) -> None:
    """Write a text file atomically, UTF-8."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def _save(network: keras.Model, path: Path) -> None:
    """Save a network atomically."""
    partial = path.with_name(f".{path.stem}.partial.keras")
    network.save(partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())  # or a power cut could leave an empty file under the final name
    partial.replace(path)
