"""Who may read what a cloud has written to its state directory."""

import os
import stat


def readable_by_others(place, but=()):
    """Paths below ``place`` of files that others may read or write, and of directories that they may list or change.

    :param but: names of directories at the top that are left out.
    """
    found = []
    for folder, folders, names in os.walk(place):
        if folder == place:
            folders[:] = sorted(set(folders) - set(but))
        for path in (os.path.join(folder, name) for name in (*folders, *names)):
            status = os.lstat(path)
            if not stat.S_ISLNK(status.st_mode) and status.st_mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
                found.append(f"{path} {stat.filemode(status.st_mode)}")
    return found
