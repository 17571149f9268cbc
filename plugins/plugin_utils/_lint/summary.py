# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the findings of lint and their numbers. Pure."""

from __future__ import annotations

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import in_order
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration


def summarise(declared: Declaration) -> Json:
    """The findings of a declaration and their numbers; ``failed`` tells whether they fail a run."""
    findings = in_order(declared["problems"])
    numbers = {
        word: sum(found["severity"] == severity for found in findings)
        for word, severity in (("errors", "error"), ("warnings", "warning"), ("notes", "info"))
    }
    is_strict = declared["options"]["federation_lint_strict"]
    return {
        "findings": findings,
        **numbers,
        "failed": bool(numbers["errors"] or (is_strict and numbers["warnings"])),
        "options": declared["options"],
    }
