# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that represents a bastion host: it runs everything on this machine, but Ansible cannot know that."""

from __future__ import annotations

from ansible.plugins.connection import local

DOCUMENTATION = """
name: elsewhere
short_description: Run on this machine as if it were another
description: The local connection under another name.
author: The ossm.federation authors
extends_documentation_fragment: connection_pipelining
"""


class Connection(local.Connection):
    """The local connection under another name."""

    transport = "elsewhere"
