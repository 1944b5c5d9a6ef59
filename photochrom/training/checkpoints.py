"""Checkpoints at the end of each epoch, from which a killed run resumes as if uninterrupted.

A checkpoint is a pair of files: `last-0012.json`, the history so far, and `last-0012.keras`, the
network with its optimizer. The second is renamed into place last, and older pairs are removed only
afterwards. So there is always one complete pair, whenever the process dies or the disk is full.
"""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import keras

from photochrom.files.atomic import atomic_write, output_errors, write_text
from photochrom.training.cluster import undistributed

__all__ = ["BEST", "CheckpointCallback", "State", "StateCallback", "latest", "latest_state"]

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
    """Read the state of a run from its JSON file."""
    return State(**json.loads(path.read_text("utf-8")))


class StateCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that updates the state of a run, and stops early; it writes nothing.

    So all processes of a cluster stop after the same epoch.
    """

    def __init__(self, state: State, *, patience: int = 0) -> None:
        """Create the callback for a state.

        Args:
            state: the state to update.
            patience: stop after this many epochs without improvement; 0 never stops.
        """
        super().__init__()
        self.state = state
        self.patience = patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Update the state, and stop if the loss has not improved for long."""
        numbers = {key: float(value) for key, value in (logs or {}).items()}  # some are NumPy's
        state = self.state
        state.epochs = epoch + 1
        state.history.append({"epoch": epoch + 1, **numbers})
        monitored = numbers.get("val_loss", numbers["loss"])
        if monitored < state.best:  # False for NaN, which is never the best
            state.best, state.best_epoch = monitored, epoch + 1
        if self.patience and state.since_best >= self.patience:
            self.model.stop_training = True


class CheckpointCallback(StateCallback):
    """A callback that also writes checkpoints and logs, and keeps the best network."""

    def __init__(self, run: Path, state: State, *, patience: int = 0) -> None:
        """Create the callback for the folder of a run.

        Args:
            run: the run's folder.
            state: the state to update.
            patience: as in `StateCallback`.
        """
        super().__init__(state, patience=patience)
        self.run = run

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Create the folder, and open the TensorBoard log."""
        with output_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self._tensorboard = TensorBoardLog(self.run / "tensorboard", self.state.epochs + 1)

    @property
    def folder(self) -> Path:
        """The folder of the checkpoints."""
        return self.run / "checkpoints"

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Update the state, and write the checkpoint and the logs."""
        super().on_epoch_end(epoch, logs)
        with undistributed():
            if not self.state.since_best:
                with atomic_write(self.run / BEST, overwrite=True) as draft:
                    self.model.save(draft)
            self._checkpoint()
        self._log()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Close the TensorBoard log."""
        self._tensorboard.close()

    def _checkpoint(self) -> None:
        """Write a checkpoint and remove older ones."""
        stem = self.folder / f"last-{self.state.epochs:04d}"
        with atomic_write(stem.with_suffix(".keras"), overwrite=True) as draft:
            self.model.save(draft)
            # The network gets its name last, because `latest` looks for it: then its history is
            # there, too. It is written first, because it is what fills a disk.
            write_text(stem.with_suffix(".json"), json.dumps(asdict(self.state)))
        for old in self.folder.glob("last-*"):
            if old.stem != stem.name:
                old.unlink()

    def _log(self) -> None:
        """Write `log.csv` and the epoch's TensorBoard values."""
        # A resumed run may log other quantities: the columns are those of all rows.
        columns = list(dict.fromkeys(key for row in self.state.history for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(self.state.history)
        write_text(self.run / "log.csv", text.getvalue())
        numbers = {key: value for key, value in self.state.history[-1].items() if key != "epoch"}
        self._tensorboard.add(self.state.epochs, numbers)


class TensorBoardLog:
    """A log file for TensorBoard, written at once and not by a thread of its own.

    tensorboardX's `SummaryWriter` would print a traceback in its thread on a full disk, and hang.
    """

    def __init__(self, folder: Path, first: int) -> None:
        """Begin a new log file in a folder.

        Args:
            folder: the folder of the logs; created if needed.
            first: the first epoch to log. What a killed run logged from there on is hidden.
        """
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog

        self._folder = folder
        with output_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._writer = EventsWriter(str(folder / "events"))
            start = SessionLog(status=SessionLog.START)
            self._writer.write_event(Event(wall_time=time.time(), step=first, session_log=start))
            self._writer.flush()

    def add(self, epoch: int, numbers: Mapping[str, float]) -> None:
        """Log the quantities of an epoch."""
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.summary import scalar

        with output_errors(self._folder):
            for key, value in numbers.items():
                event = Event(wall_time=time.time(), step=epoch, summary=scalar(key, value))
                self._writer.write_event(event)
            self._writer.flush()

    def close(self) -> None:
        """Close the file, after which nothing can be added."""
        with output_errors(self._folder):
            self._writer.close()
