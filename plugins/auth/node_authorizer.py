"""The Node authorizer: a node agent reads what its own pods need, and writes about itself and them.

https://kubernetes.io/docs/reference/access-authn-authz/node/. What it may write in detail is for the admission plugin
NodeRestriction. Pods tell which Secrets, ConfigMaps, claims and accounts belong to a node; they are looked through when a
node asks, which is seldom: agents mostly watch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sampan.core.contracts.access import Attributes, Decision, Reader
from sampan.core.contracts.node_calls import place_of
from sampan.core.model.pod_references import claims_of, config_maps_of, secrets_of, volume_secrets_of
from sampan.core.schema.fields import required_values
from sampan.plugins.auth.rbac.default_roles import NODE_RULES
from sampan.plugins.auth.rbac.rules import Rule

PREFIX: Final = "system:node:"
GROUP: Final = "system:nodes"
LEASES: Final = "kube-node-lease"
ALLOW: Final = Decision("allow")
NO_OPINION: Final = Decision("no-opinion")
NOT_OWN_POD: Final = "no relationship found between node '{node}' and this object"
READ: Final = ("get", "list", "watch")

Wire = Mapping[str, Any]


def node_name(user_name: str, groups: Iterable[str]) -> str:
    """The node that a user is the agent of; empty for others."""
    return user_name.removeprefix(PREFIX) if user_name.startswith(PREFIX) and GROUP in groups else ""


class NodeAuthorizer:
    order = 20

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._rules = [Rule.of(rule) for rule in NODE_RULES]
        self._by_resource: Mapping[tuple[str, str], Callable[[str, Attributes], str]] = {
            ("", "configmaps"): lambda node, asked: self._of_a_pod(node, asked, config_maps_of, READ),
            ("", "secrets"): self._secret,
            ("", "persistentvolumeclaims"): self._claim,
            ("", "persistentvolumes"): self._volume,
            ("", "serviceaccounts"): self._account,
            ("", "nodes"): self._node,
            ("", "pods"): self._pod,
            ("coordination.k8s.io", "leases"): self._lease,
            ("storage.k8s.io", "csinodes"): self._named_after,
        }

    async def authorize(self, attributes: Attributes) -> Decision:
        node = node_name(attributes.user.name, attributes.user.groups)
        if not node:
            return NO_OPINION
        if attributes.path == place_of(node):  # where it waits to be asked about its own pods
            return ALLOW
        check = self._by_resource.get((attributes.group, attributes.resource)) if attributes.is_resource else None
        if check is not None:
            refusal = check(node, attributes)
            return ALLOW if not refusal else Decision("no-opinion", refusal)
        return ALLOW if any(rule.allows(attributes) for rule in self._rules) else NO_OPINION

    # Each returns why not; empty where it may.

    def _of_a_pod(self, node: str, asked: Attributes, names: Callable[[Wire], set[str]], verbs: Iterable[str]) -> str:
        if asked.verb not in verbs or asked.subresource:
            return "can only read resources of this type"
        if not asked.name:
            return "No Object name found"
        if any(asked.name in names(pod) for pod in self._pods(node, asked.namespace)):
            return ""
        return NOT_OWN_POD.format(node=node)

    def _pods(self, node: str, namespace: str) -> Iterable[Wire]:
        pods = self._reader.list("pods", namespace)
        return (pod for pod in pods if pod.get("spec", {}).get("nodeName") == node)

    def _claim(self, node: str, asked: Attributes) -> str:
        if asked.subresource == "status":
            verbs: tuple[str, ...] = ("get", "update", "patch")
        elif asked.subresource:
            return "cannot use this subresource"
        else:
            verbs = ("get",)
        if asked.verb not in verbs:
            return f"can only {', '.join(verbs)} this"
        if any(asked.name in claims_of(pod) for pod in self._pods(node, asked.namespace)):
            return ""
        return NOT_OWN_POD.format(node=node)

    def _secret(self, node: str, asked: Attributes) -> str:
        """Also what a driver needs for a volume of its pods."""
        refusal = self._of_a_pod(node, asked, secrets_of, READ)
        if not refusal or not asked.name:
            return refusal
        named = (asked.namespace, asked.name)
        volumes = (each for each in self._reader.list("persistentvolumes") if named in volume_secrets_of(each))
        return "" if any(self._has(node, volume) for volume in volumes) else refusal

    def _volume(self, node: str, asked: Attributes) -> str:
        if asked.verb != "get" or asked.subresource:
            return "can only get individual resources of this type"
        volume = self._reader.get("persistentvolumes", "", asked.name) or {}
        return "" if self._has(node, volume) else NOT_OWN_POD.format(node=node)

    def _has(self, node: str, volume: Wire) -> bool:
        """Whether a pod of the node claims it."""
        claim = volume.get("spec", {}).get("claimRef") or {}
        own = (claims_of(pod) for pod in self._pods(node, claim.get("namespace", "")))
        return bool(claim) and any(claim.get("name") in each for each in own)

    def _account(self, node: str, asked: Attributes) -> str:
        if (asked.verb, asked.subresource) != ("create", "token"):
            return "can only create tokens for individual service accounts"
        for pod in self._pods(node, asked.namespace):
            if pod["spec"].get("serviceAccountName", "default") == asked.name:
                return ""
        return NOT_OWN_POD.format(node=node)

    def _node(self, node: str, asked: Attributes) -> str:
        if asked.subresource == "status":
            allowed = asked.verb in ("update", "patch")
        elif asked.subresource:
            return "cannot use this subresource"
        else:
            allowed = asked.verb in ("create", *READ, "update", "patch", "delete")
        if not allowed or (asked.verb != "create" and asked.name != node):
            return f"node '{node}' cannot read or change another node"
        return ""

    def _pod(self, node: str, asked: Attributes) -> str:
        if asked.subresource in ("status", "eviction", ""):
            verbs = {"status": ("get", "update", "patch"), "eviction": ("create",), "": ("get", "create", "delete")}
            if asked.verb in verbs[asked.subresource]:
                return "" if asked.verb == "create" else self._own_pod(node, asked)
            if asked.verb in ("list", "watch") and not asked.subresource:
                if asked.name and asked.namespace:
                    return self._own_pod(node, asked)
                own = required_values(asked.field_selector).get("spec.nodeName") == node
                return "" if own else f"can only list/watch pods with spec.nodeName={node} field selector"
        return "can only get, list, watch, create and delete pods, and write their status"

    def _own_pod(self, node: str, asked: Attributes) -> str:
        """That a pod is not there, or cannot be read in the store, is no secret: agents must tell the two apart."""
        pod = self._reader.get("pods", asked.namespace, asked.name)
        if pod is None and asked.verb != "delete":
            return ""
        if pod is not None and pod.get("spec", {}).get("nodeName") == node:
            return ""
        return NOT_OWN_POD.format(node=node)

    def _lease(self, node: str, asked: Attributes) -> str:
        if asked.namespace != LEASES:
            return f"can only access leases in the {LEASES} namespace"
        return self._named_after(node, asked)

    def _named_after(self, node: str, asked: Attributes) -> str:
        """Of objects that are called as their node is."""
        if asked.subresource or asked.verb not in ("get", "create", "update", "patch", "delete"):
            return "can only get, create, update, patch, or delete an object of this type"
        if asked.verb != "create" and asked.name != node:
            return "can only access an object with the same name as the requesting node"
        return ""
