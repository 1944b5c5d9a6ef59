"""The interface through which long work reports its progress."""

from __future__ import annotations

__all__ = ["ProgressListener"]


class ProgressListener:
    """Receives the progress and the messages of long work.

    Every method does nothing. Override the ones that you need. They are called in a thread of the
    work, so a slow method slows the work down. An exception that is raised in `progress` stops the
    work.
    """

    def note(self, text: str) -> None:
        """Handle a message for the user, for example that a stream is left out."""

    def progress(self, task: str, done: int, total: int) -> None:
        """Handle progress.

        Args:
            task: what is being done, for example "scan" or "color".
            done: how many photographs, frames or steps of this task are done.
            total: how many there are. It can be an estimate, which `done` can exceed; 0 if it is
                not known.
        """
