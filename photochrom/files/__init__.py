"""Files and folders: atomic writes, and which files a folder holds."""
