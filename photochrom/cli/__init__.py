"""The command line, one file per command.

A command parses its options, calls one function of the library, and prints the result.
"""

from __future__ import annotations

import gc

__all__ = ["main"]


def main() -> None:
    """Run the program with the arguments of the process."""
    # Importing makes hundreds of thousands of objects and hardly any garbage: with Python's own
    # threshold of 700 objects, looking for garbage among them takes a fifth of the start.
    gc.set_threshold(50_000)
    from photochrom.cli.app import run

    try:
        run()
    finally:
        gc.freeze()  # the process ends, and its memory with it: nothing is left to look through
