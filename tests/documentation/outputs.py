# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an output on a page: codes, states and variables in it that the collection does not have."""

from __future__ import annotations

import json
import re

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import REGISTERED, VARIABLES
from ansible_collections.ossm.federation.plugins.plugin_utils._report.matrix import HEADING, MARKS

_CELL = re.compile(rf"(?:ok|-|\.|{'|'.join(map(re.escape, MARKS))})(?:, \d+ imported)?(?: \(seen from [\w-]+\))?")
#: A variable that a page shows as a misspelled one.
_MISSPELLED = {"mesh_expotrs"}


def faults(text: str) -> list[str]:
    """Return what no report could print."""
    codes = re.findall(r"\.\s+\[([a-z]+(?:-[a-z]+)*)\]", text)
    found = [f"there is no code {code}" for code in codes if code not in CODES]
    names = set(re.findall(r"\b(?:mesh|federation)_[a-z_]*[a-z]\b", text)) - set(VARIABLES) - set(REGISTERED)
    found += [f"there is no variable {name}" for name in sorted(names - _MISSPELLED)]
    return found + _matrix_faults(text)


def _matrix_faults(text: str) -> list[str]:
    """Return the cells of a matrix that are no state of a link."""
    dummy, heading, below = text.partition(HEADING)
    rows = below.strip("\n").split("\n\n")[0].split("\n")[1:] if heading else []
    cells = [cell for row in rows for cell in re.split(r"\s{2,}", row.strip())[1:]]
    return [f"no link has the state {cell}" for cell in cells if not _CELL.fullmatch(cell)]


def json_faults(text: str) -> list[str]:
    """Return why a text is no JSON."""
    try:
        json.loads(text)
    except ValueError as error:
        return [str(error)]
    return []
