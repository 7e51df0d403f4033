"""The config drive: an ISO 9660 image labelled config-2 that a guest reads its metadata from.

The volume's name and the paths on it are what cloud-init looks for (OpenStack's config drive, version 2).
"""

import io

import pycdlib

from nova_lite.common import atomic_file


def write(files, disk):
    """Make the config drive ``disk`` (a virt.spec.Disk) anew among a guest's files (disks.Files)."""
    atomic_file.write(files.path(disk.source), image(disk.content.documents))


def image(documents):
    """The bytes of an ISO image of ``documents`` ({"openstack/latest/meta_data.json": bytes}).

    Plain ISO names are only numbers: Linux reads the Rock Ridge names, Windows the Joliet ones.
    """
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident="config-2")
    folders = {"": ""}                  # path -> its plain ISO path
    for number, path in enumerate(sorted(documents)):
        *parents, name = path.strip("/").split("/")
        folder = _folder(iso, folders, parents)
        content = documents[path]
        iso.add_fp(io.BytesIO(content), len(content), f"{folders[folder]}/F{number:07d}.;1", rr_name=name,
                   joliet_path=f"{folder}/{name}")
    drive = io.BytesIO()
    iso.write_fp(drive)
    iso.close()
    return drive.getvalue()


def _folder(iso, folders, parents):
    """Make the directories ``parents`` where they are missing; returns their path ("" is the root)."""
    path = ""
    for name in parents:
        above, path = path, f"{path}/{name}"
        if path not in folders:
            folders[path] = f"{folders[above]}/D{len(folders):07d}"
            iso.add_directory(folders[path], rr_name=name, joliet_path=path)
    return path
