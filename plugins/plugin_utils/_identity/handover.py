# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what each of two administrators knows of the other's mesh, and what to do next. Pure."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Literal

from ansible_collections.ossm.federation.plugins.plugin_utils._identity.read import file_name
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Identity
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side

#: Whether the other administrator has our identity: there is no file of theirs, their file was created without ours, with one
#: that is out of date, or with the current one.
Answer = Literal["missing", "unanswered", "older", "answered"]


def digest(identity: Identity) -> str:
    """The SHA-256 of what a peer's objects consist of: two identities with one digest need no new exchange."""
    parts = {key: dict(identity)[key] for key in ("namespace", "trust_domain", "client_id", "remote", "fingerprints")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def own_identity(plan: Plan, host: str, peer: str) -> Identity:
    """The identity of one of our meshes for a peer: what the peer's side of the plan uses of it.

    Its times are empty, and so are addresses that are not known yet.
    """
    mesh, peer_side = plan["meshes"][host], plan["sides"][peer][host]
    identity_file = plan["sides"][host][peer]["identity_file"]
    known = identity_file["identity"] if identity_file else None
    return {
        "mesh": mesh["mesh"],
        "peer": peer_side["mesh"],
        "created": "",
        "valid_until": "",
        "answers": digest(known) if known else None,
        "namespace": mesh["namespace"],
        "trust_domain": peer_side["remote_trust_domain"] or "",
        "client_id": peer_side["client_id"] or "",
        "remote": peer_side["remote"] or {"addresses": [], "discoveryPort": 0, "servicePort": 0},
        "root": mesh["root"],
        "fingerprints": mesh["fingerprints"],
    }


def own_path(plan: Plan, side: Side) -> str:
    """The file with our mesh's identity for the peer of a side."""
    return os.path.join(str(plan["options"]["federation_identity_dir"]), file_name(side["mesh"], side["peer"]))


def answer(plan: Plan, side: Side) -> Answer:
    """Whether the other administrator has our identity.

    A link that was ever up shows that they have it, whatever their first file says.
    """
    identity = side["identity_file"]["identity"] if side["identity_file"] else None
    if identity is None:
        return "missing"
    if identity["answers"] is None:
        return "answered" if side["contact"] != "none" else "unanswered"
    return "answered" if identity["answers"] == digest(own_identity(plan, side["host"], side["peer_host"])) else "older"


def not_answered(plan: Plan, side: Side) -> str:
    """Why the other mesh does not know ours yet; empty when it does."""
    found = answer(plan, side)
    if found == "unanswered":
        return f"{side['peer']} has not loaded the identity of {side['mesh']} yet"
    if found == "older":
        return f"{side['peer']} has loaded an older identity of {side['mesh']}"
    return ""


def next_step(plan: Plan, side: Side) -> str:
    """What to do next for a pair with a mesh that is known by an identity file; empty when nothing is."""
    found = answer(plan, side)
    if found == "answered":
        return ""
    send = f"Send {own_path(plan, side)} to the administrator of {side['peer']}, who runs federate.yml with it"
    if found == "missing" and side["identity_file"]:
        return f"{send}; save the file that comes back as {side['identity_file']['path']}, and run federate.yml again"
    return send
