# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: every code by which lint speaks of rules and localities, in one table.

``docs/lint.md`` shows the same table; a test compares the two, and another one finds each code in use.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Severity

SEVERITIES: Tuple[Severity, Severity, Severity] = ("error", "warning", "info")


class Code(NamedTuple):
    """``severities`` that a finding may have, what is ``wrong``, and what its repaired form is."""

    severities: Tuple[str, ...]
    wrong: str
    repaired: str


_ERROR, _WARNING, _INFO = SEVERITIES

#: Found in one rule, or in one value, while the inventory is resolved.
DECLARED: Dict[str, Code] = {
    "rule-shape": Code(
        (_ERROR,),
        'A value of the wrong type, such as the text `"true"` for a truth value',
        "The rule with the right type",
    ),
    "rule-short": Code(
        (_ERROR,), "A text that is not of the form `namespace/name`", "The rule with a placeholder for what is missing"
    ),
    "rule-type": Code(
        (_ERROR,),
        "A type that istiod skips; for imports that is every type but `NameSelector`",
        "The rule with the type that its body has",
    ),
    "rule-body": Code(
        (_ERROR,),
        "No body for the type (istiod skips the rule), or one of the other kind (istiod ignores it)",
        "The rule with the one body that counts",
    ),
    "rule-wildcard": Code(
        (_ERROR,),
        "A partial wildcard: `rat*` is a name like any other, and matches nothing",
        "The rule with a placeholder for the name",
    ),
    "rule-name": Code(
        (_ERROR,),
        "A name that no Service can have: capitals, blanks, typographic quotes, more than 63 characters",
        "The rule with the name in small letters, without the quotes, or a placeholder",
    ),
    "rule-selector": Code(
        (_ERROR,),
        "A `LabelSelector` with no selector: it exports the whole namespace",
        "The rule with a selector to fill in",
    ),
    "rule-local": Code(
        (_ERROR,),
        "`importAsLocal` with no fixed namespace, or the cluster's own suffix without `importAsLocal`: istiod skips the rule",
        "`importAsLocal: true` with `alias.namespace`",
    ),
    "key-unknown": Code(
        (_ERROR,),
        "A key that the API server drops without a word: `Selector`, `alias` for `aliases`, `importAsLocal` inside `nameSelector`",
        "The rule with the key under its right name, in its right place",
    ),
    "locality-value": Code(
        (_ERROR,),
        "A zone with no region or a subzone with no zone: istiod drops the whole locality",
        "The locality with a placeholder for the missing part",
    ),
}

#: Found in a list of rules, or across meshes.
TOGETHER: Dict[str, Code] = {
    "rule-shadowed": Code(
        (_WARNING,),
        "An earlier rule (or alias) takes all that this one could take",
        "Both rules in the order in which both count, or none where one has to go",
    ),
    "rule-suffix": Code(
        (_WARNING,),
        "A `domainSuffix` that `importAsLocal` overrides, or one that ends with `svc.cluster.local`: such an import is put into the namespace of its name",
        "The rule without the suffix",
    ),
    "alias-unused": Code(
        (_WARNING,), "An alias for services that its `LabelSelector` never looks at", "The rule without that alias"
    ),
    "export-control-plane": Code(
        (_WARNING,),
        "A wildcard that exports the control plane's own services and gateways too",
        "The rule for one namespace, to be filled in",
    ),
    "export-one-name": Code(
        (_ERROR, _WARNING, _INFO),
        "Several services under one exported name: the status is refused, and requests go to whichever came last",
        "The rule that keeps the names apart",
    ),
    "export-unimported": Code(
        (_WARNING,), "No peer that this is exported to imports it", "The import rule that is missing"
    ),
    "export-collision": Code(
        (_ERROR,),
        "Another mesh exports the same name to the same peer: status perfect, requests fail",
        "The rule with an alias that only this mesh has",
    ),
    "export-collision-possible": Code(
        (_INFO,),
        "The same, if the clusters have services of one name: a wildcard or a label selector takes part",
        "None",
    ),
    "export-ports": Code(
        (_ERROR, _WARNING),
        "A service that has not exactly one port: requests from other meshes fail",
        "A rule for a Service with one port under the same exported name, where the rule names the Service",
    ),
    "import-unoffered": Code(
        (_WARNING,),
        "No peer that this is imported from exports it",
        "The rule with the exported name, where one is meant",
    ),
    "import-uncertain": Code(
        (_INFO,), "Only the exporting cluster can tell: a wildcard or a label selector covers it", "None"
    ),
    "import-one-name": Code(
        (_ERROR, _WARNING, _INFO),
        "Several services of one peer under one local name",
        "The rule that keeps the names apart",
    ),
    "import-no-failover": Code(
        (_WARNING, _INFO),
        "One local name for services of several peers: that is no failover, one of them gets all requests",
        "The rule with a name of its own",
    ),
    "import-joins": Code(
        (_INFO,),
        "`importAsLocal` over a service that this mesh has: the two are merged, where their ports have one name",
        "None",
    ),
    "services-unread": Code(
        (_INFO,),
        "Services that rules export could not be read, so that nobody looked at their ports",
        "None",
    ),
    "import-port-names": Code(
        (_WARNING,),
        "`importAsLocal` over a service whose ports have other names: the imported endpoints are never used",
        "None: the Service's ports have to be renamed",
    ),
}

CODES: Dict[str, Code] = {**DECLARED, **TOGETHER}
