"""Files and folders: write files atomically, and list the files of a folder."""
