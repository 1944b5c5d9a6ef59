"""Films: read, coloured steadily, and written with all else that is in them."""
