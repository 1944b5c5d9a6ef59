"""`python -m photochrom`."""

from __future__ import annotations

from photochrom.cli import main

if __name__ == "__main__":
    main()
