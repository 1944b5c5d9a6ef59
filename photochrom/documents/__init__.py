"""Documents of several pages, PDF and TIFF, whose scanned photographs are coloured."""
