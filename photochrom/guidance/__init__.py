"""Colours that are known in advance: hints, a palette, a reference photograph."""
