"""The command line, one file per command.

A command parses its options, calls one function of the library, and prints the result.
"""

from __future__ import annotations

from photochrom.cli.app import main

__all__ = ["main"]
