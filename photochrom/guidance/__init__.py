"""Colours that are known beforehand: hints, a palette, a reference photograph."""
