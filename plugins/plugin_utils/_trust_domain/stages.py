# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the stages of a change of the trust domain, found from the control plane. Pure.

No stage needs another memory than the control plane: its domain, its aliases, and an annotation with the former domains. So a run can end
after any write, and the next one goes on. In every stage all identities that pods may have are accepted, the former ones until no pod has them.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DEFAULT_TRUST_DOMAIN,
    TRUST_DOMAIN_CHANGE,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.types import Stage, TrustState

_TO = " to "


def read_note(control_plane: Json) -> Tuple[List[str], Optional[str]]:
    """The former domains and the new one of a change that is under way, by the annotation; none and None where there is none."""
    text = str(dig(control_plane, "metadata", "annotations", TRUST_DOMAIN_CHANGE) or "")
    former, separator, target = text.partition(_TO)
    return ([name for name in former.split(",") if name], target) if separator and target else ([], None)


def note(state: TrustState) -> str:
    """The annotation of a change.

    >>> note({"former": ["cluster.local"], "target": "red.local", "domain": "", "others": [], "aliases": [], "noted": True})
    'cluster.local to red.local'
    """
    return f"{','.join(state['former'])}{_TO}{state['target']}"


def read_state(control_plane: Json, target: str) -> TrustState:
    """The domains of a control plane, as it was read, on its way to ``target``.

    Without the annotation an alias ``cluster.local`` is a former domain: the owner of the control plane has done a stage.
    """
    trust = dig(control_plane, "spec", "security", "trust") or {}
    domain = str(trust.get("domain") or DEFAULT_TRUST_DOMAIN)
    aliases = [str(alias) for alias in trust.get("additionalDomains") or []]
    noted, noted_target = read_note(control_plane)
    is_noted = noted_target is not None
    if not is_noted:
        noted = [alias for alias in aliases if alias == DEFAULT_TRUST_DOMAIN]
    # A target that was given up before its switch is no identity of any pod; one that was reached is the domain now.
    former = [name for name in dict.fromkeys([*noted, domain]) if name != target]
    others = [alias for alias in aliases if alias not in (*former, target, noted_target)]
    return {
        "domain": domain,
        "target": target,
        "former": former,
        "others": others,
        "aliases": aliases,
        "noted": is_noted,
    }


def stage_of(state: TrustState) -> Optional[Stage]:
    """The first stage that is left to do, before pods are looked at; None where the change is complete."""
    if state["domain"] != state["target"]:
        return "switch" if state["target"] in state["aliases"] else "accept"
    if not state["former"]:
        # What is left of a change that was given up before its switch.
        return "workloads" if state["noted"] or state["aliases"] != state["others"] else None
    # The alias was removed by hand: pods with a former identity are rejected until it is back.
    return "workloads" if set(state["former"]) <= set(state["aliases"]) else "switch"


def trust_after(state: TrustState, stage: Stage, *, sends_domain: bool, keeps_list: bool) -> Json:
    """``spec.security.trust`` as the field manager of the trust domain applies it in a stage that writes.

    ``sends_domain``: it owns the current domain, which is never un-sent. ``keeps_list``: another manager owns the aliases too, so that an
    empty list must be sent.
    """
    others = state["others"]
    if stage == "accept":
        aliases = [*others, *(name for name in state["former"] if name != state["domain"]), state["target"]]
        return {**({"domain": state["domain"]} if sends_domain else {}), "additionalDomains": aliases}
    if stage == "switch":
        return {"domain": state["target"], "additionalDomains": [*others, *state["former"]]}
    return {"domain": state["target"], **({"additionalDomains": others} if others or keeps_list else {})}
