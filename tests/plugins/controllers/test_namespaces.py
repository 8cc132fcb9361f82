"""The life of a namespace: what it is given at its start, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Create, Delete, ExpectEmpty, Plan, Update
from sampan.core.errors import Forbidden
from sampan.core.model.apiregistration_v1.api_service import (
    APIService,
    APIServiceCondition,
    APIServiceSpec,
    APIServiceStatus,
    ServiceReference,
)
from sampan.core.model.builtin import BUILTIN_KINDS, ConfigMap, Event, Namespace, Pod, Secret, ServiceAccount
from sampan.core.model.core_v1.namespace import NamespaceSpec
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.unstructured import unstructured
from sampan.core.testing.state import State
from sampan.plugins.controllers.core.namespace import NamespaceController, keys_of_ending
from sampan.plugins.controllers.core.namespace_content import RootCaPublisher, ServiceAccountController

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
KEY = Key("", "shop")
BOAT = unstructured("boats.test/v1", "Boat", "boats")


def namespace(ending: bool = True) -> Namespace:
    metadata = ObjectMeta(name="shop", uid="u", deletion_timestamp=NOW if ending else None)
    return Namespace(metadata=metadata, spec=NamespaceSpec(finalizers=("kubernetes",)))


def inside(kind: type[KubeObject], name: str, ending: bool = False, **meta: Any) -> Any:
    when = NOW if ending else None
    return kind(metadata=ObjectMeta(name=name, namespace="shop", deletion_timestamp=when, **meta))


def end(*objects: KubeObject) -> Plan:
    return NamespaceController(BUILTIN_KINDS).reconcile(KEY, State(*objects), NOW)


def findings(action: object) -> dict[str, tuple[str, str | None, str | None]]:
    assert isinstance(action, Update)
    assert isinstance(action.obj, Namespace)
    return {item.type: (item.status, item.reason, item.message) for item in action.obj.status.conditions}


def test_a_living_namespace_is_left_alone() -> None:
    assert end(namespace(ending=False), inside(Secret, "a")).actions == ()


def test_pods_go_first_and_everything_else_after_them() -> None:
    content = [inside(Secret, "a"), inside(Event, "e"), inside(ConfigMap, "c", ending=True)]
    first = end(namespace(), inside(Pod, "p"), *content)
    assert [(type(action), action.name) for action in first.actions if isinstance(action, Delete)] == [(Delete, "p")]
    assert end(namespace(), inside(Pod, "p", ending=True), *content).actions[0] != first.actions[0]
    then = end(namespace(), *content)
    assert {action.name for action in then.actions if isinstance(action, Delete)} == {"a", "e"}


def test_what_holds_it_back_is_said_in_the_conditions_once() -> None:
    held = [
        inside(ConfigMap, "a", ending=True, finalizers=("example.com/hold",)),
        inside(ConfigMap, "b", ending=True, finalizers=("example.com/hold", "example.com/more")),
    ]
    [update] = end(namespace(), *held).actions
    found = findings(update)
    assert list(found) == [
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
    ]
    assert found["NamespaceContentRemaining"] == (
        "True",
        "SomeResourcesRemain",
        "Some resources are remaining: configmaps. has 2 resource instances",
    )
    assert found["NamespaceFinalizersRemaining"] == (
        "True",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: "
        "example.com/hold in 2 resource instances, example.com/more in 1 resource instances",
    )
    assert isinstance(update, Update)
    assert end(update.obj, *held).actions == ()


def other_server(available: str) -> APIService:
    conditions = (APIServiceCondition(type="Available", status=available),)
    return APIService(
        metadata=ObjectMeta(name="v1.boats.test"),
        spec=APIServiceSpec(group="boats.test", version="v1", service=ServiceReference(namespace="a", name="boats")),
        status=APIServiceStatus(conditions=conditions),
    )


def test_a_server_that_is_away_keeps_the_namespace_and_nothing_else_in_it() -> None:
    controller = NamespaceController(BUILTIN_KINDS)
    controller.follow(BOAT)
    away = other_server("False")
    deletions = controller.reconcile(KEY, State(namespace(), inside(Secret, "s"), inside(BOAT, "b"), away), NOW).actions
    assert [action.name for action in deletions if isinstance(action, Delete)] == ["s"]
    [update] = controller.reconcile(KEY, State(namespace(), inside(BOAT, "b"), away), NOW).actions
    assert findings(update)["NamespaceDeletionDiscoveryFailure"] == (
        "True",
        "DiscoveryFailed",
        "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
        "boats.test/v1: stale GroupVersion discovery: boats.test/v1",
    )
    assert [key.name for key in keys_of_ending(away, State(namespace(), away))] == ["shop"]


def test_what_another_server_keeps_is_waited_for_until_it_is_known_and_then_goes_too() -> None:
    controller = NamespaceController(BUILTIN_KINDS)
    state = State(namespace(), other_server("True"))
    plan = controller.reconcile(KEY, state, NOW)
    assert plan.requeue_after
    assert "boats.test/v1" in (findings(plan.actions[0])["NamespaceDeletionContentFailure"][2] or "")
    controller.follow(BOAT)
    controller.settle({"boats.test/v1"})
    [deletion] = controller.reconcile(KEY, State(namespace(), inside(BOAT, "b"), other_server("True")), NOW).actions
    assert isinstance(deletion, Delete)
    assert (deletion.kind, deletion.name) == (BOAT, "b")
    *checks, release = controller.reconcile(KEY, state, NOW).actions
    assert BOAT in [check.kind for check in checks if isinstance(check, ExpectEmpty)]
    assert isinstance(release, Update)


def test_a_deletion_that_is_refused_is_said_too() -> None:
    plan = end(namespace(), inside(Secret, "a"))
    assert plan.on_failure is not None
    [update] = plan.on_failure(Forbidden("not yours"))
    status, reason, message = findings(update)["NamespaceDeletionContentFailure"]
    assert (status, reason) == ("True", "ContentDeletionFailed")
    assert message is not None
    assert "not yours" in message


def test_the_finalizer_goes_only_when_the_server_says_that_nothing_is_left() -> None:
    *checks, update = end(namespace()).actions
    assert {check.kind for check in checks if isinstance(check, ExpectEmpty)} >= {Pod, Secret, ConfigMap, Event}
    assert isinstance(update, Update)
    assert isinstance(update.obj, Namespace)
    assert (update.subresource, update.obj.spec.finalizers) == ("finalize", ())


def test_every_namespace_has_a_default_account() -> None:
    controller = ServiceAccountController()
    [create] = controller.reconcile(KEY, State(namespace(ending=False)), NOW).actions
    assert isinstance(create, Create)
    assert (type(create.obj), create.obj.key) == (ServiceAccount, ("shop", "default"))
    there = State(namespace(ending=False), inside(ServiceAccount, "default"))
    assert controller.reconcile(KEY, there, NOW).actions == ()
    assert controller.reconcile(KEY, State(namespace()), NOW).actions == ()


def test_every_namespace_has_the_ca_and_changes_of_it_are_undone() -> None:
    publisher = RootCaPublisher("PEM")
    [create] = publisher.reconcile(KEY, State(namespace(ending=False)), NOW).actions
    assert isinstance(create, Create)
    ca = create.obj
    assert isinstance(ca, ConfigMap)
    assert (ca.key, ca.data) == (("shop", "kube-root-ca.crt"), {"ca.crt": "PEM"})
    assert publisher.reconcile(KEY, State(namespace(ending=False), ca), NOW).actions == ()
    [mend] = publisher.reconcile(KEY, State(namespace(ending=False), evolve(ca, data={"x": "y"})), NOW).actions
    assert isinstance(mend, Update)
    assert mend.obj == ca
