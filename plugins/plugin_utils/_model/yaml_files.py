# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: how YAML files for people are written. Pure."""

from __future__ import annotations

from typing import Any

import yaml


class Indented(yaml.SafeDumper):
    """Lists are indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent a list as well."""
        return super().increase_indent(flow, False)


class Blocks(Indented):
    """Texts of several lines, such as certificates, are also written as blocks."""

    def represent_text(self, text: str) -> Any:
        """Write a text of several lines as a block."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Blocks.add_representer(str, Blocks.represent_text)
