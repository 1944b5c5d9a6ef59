"""The command line: one file a command; each parses, calls one function below, and prints."""

from __future__ import annotations

from photochrom.cli.app import main

__all__ = ["main"]
