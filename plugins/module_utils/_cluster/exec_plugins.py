# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Commands of a kubeconfig that return the credentials of a user (exec plugins), and how they fail. Private to this collection.

The Kubernetes client logs such a failure, with what the command printed, and goes on without credentials: requests fail later,
as those of an anonymous user.
"""

from __future__ import annotations

import contextlib
import logging
import re
from typing import Iterator, List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError


class _Collector(logging.Handler):
    """Keeps the messages that are logged."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.messages.append(record.getMessage())


@contextlib.contextmanager
def collected_log() -> Iterator[List[str]]:
    """What is logged meanwhile. It is not shown: what a command printed may be a credential."""
    root, collector = logging.getLogger(), _Collector()
    before, root.handlers = root.handlers, [collector]
    try:
        yield collector.messages
    finally:
        root.handlers = before


def check_plugin(plugin: Optional[Tuple[str, str]], log: Sequence[str]) -> None:
    """Raise where a client without credentials should have got them from a command.

    ``plugin`` are the user of the kubeconfig and the command, ``log`` is what the client logged. Of what the command printed
    nothing is shown.
    """
    if plugin is None:
        return
    user, command = plugin
    text = " ".join(log)
    ended = re.search(r"process returned (-?\d+)", text)
    if ended:
        reason = f"ended with exit code {ended.group(1)}"
    elif "[Errno" in text:
        reason = "cannot be started"
    else:
        reason = "returned no ExecCredential that can be used"
    raise ClusterError(
        "access",
        f"the command {command}, which returns the credentials of the user {user} in the kubeconfig, {reason}",
        f"Log in again for {command}, and run it by hand to see what it reports",
    )


def name_plugin(decoded: ClusterError, plugin: Optional[Tuple[str, str]]) -> None:
    """Add to credentials that are not accepted the command that returned them, where a command did."""
    if plugin is None:
        return
    user, command = plugin
    decoded.message += f", as returned by the command {command} for the user {user} of the kubeconfig"
    decoded.remedy = (
        f"Log in again for {command}, and run it by hand: it has to return valid credentials of this cluster"
    )
