"""The command line, one file per command.

A command parses its options, calls one function of the library, and prints the result.
"""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]

_INTERRUPTED = 130  # as shells do for a program that was ended by Ctrl-C


def main() -> None:
    """Run the program with the arguments of the process."""
    # Importing makes hundreds of thousands of objects and hardly any garbage: with Python's own
    # threshold of 700 objects, looking for garbage among them takes a fifth of the start.
    gc.set_threshold(50_000)
    try:
        from photochrom.cli.app import run

        run()
    except KeyboardInterrupt:  # while it was imported; `run` handles its own
        sys.stderr.write("photochrom: interrupted\n")
        raise SystemExit(_INTERRUPTED) from None
    finally:
        gc.freeze()  # the process ends, and its memory with it: nothing is left to look through
