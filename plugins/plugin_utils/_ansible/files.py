# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: files on the controller."""

from __future__ import annotations

import os
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
