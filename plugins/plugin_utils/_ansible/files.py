# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: files on the controller."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import Optional


def absolute(path: str) -> str:
    """A path as a shell would find it from where the playbook was started."""
    return os.path.abspath(os.path.expanduser(path))


def read_file(path: str) -> Optional[str]:
    """The text of a file, None where there is none; OSError and UnicodeDecodeError (a ValueError) when it is no text."""
    try:
        with open(absolute(path), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_file(path: str, text: str, mode: int = 0o644) -> None:
    """Write a text as a file, as ``write_bytes`` does."""
    write_bytes(path, text.encode(), mode)


def write_bytes(path: str, content: bytes, mode: int = 0o644) -> None:
    """Write a file as a whole or not at all; what is no regular file, such as a pipe, is written to. Raises OSError."""
    target = os.path.realpath(absolute(path))
    if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
        with open(target, "wb") as file:
            file.write(content)
        return
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=f".{os.path.basename(target)}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
