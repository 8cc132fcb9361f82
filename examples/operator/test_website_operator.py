"""An operator's tests: what it makes, how it follows changes, and what it does when the API does not play along."""

from __future__ import annotations

import pytest

from sampan.plugin import ConfigMap, Deployment, Invalid, Pod, Service

PATH = "/apis/example.com/v1/namespaces/{}/websites/{}"


def page(cluster, namespace, text, name="home"):
    return cluster.wait_for(ConfigMap, namespace, name, lambda found: found.data == {"index.html": text})


def replicas(cluster, namespace, number):
    return cluster.wait_for(Deployment, namespace, "home", lambda found: found.spec.replicas == number)


def observed(cluster, namespace, generation, name="home"):
    """Wait until the operator has said that it is done with this generation."""
    cluster.wait_until(
        lambda: (
            cluster.request("GET", PATH.format(namespace, name)).get("status") == {"observedGeneration": generation}
        ),
        f"generation {generation} of {name}",
    )


# What it makes


def test_the_page_is_in_a_config_map(cluster, namespace, site):
    site(html="hello")
    page(cluster, namespace, "hello")


def test_pods_serve_the_page(cluster, namespace, site):
    site(replicas=2)
    cluster.wait_for(Deployment, namespace, "home", lambda found: found.status.ready_replicas == 2)
    pods = cluster.list(Pod, namespace, labels="website=home")
    assert [pod.spec.volumes[0].config_map.name for pod in pods] == ["home", "home"]


def test_without_a_number_it_is_one_pod(cluster, namespace, site):
    site()
    replicas(cluster, namespace, 1)


def test_a_service_leads_to_the_pods(cluster, namespace, site):
    site()
    service = cluster.wait_for(Service, namespace, "home")
    assert service.spec.selector == {"website": "home"}


def test_the_parts_are_the_sites_own(cluster, namespace, site):
    made = site()
    observed(cluster, namespace, 1)
    for kind in (ConfigMap, Deployment, Service):
        owners = cluster.get(kind, namespace, "home").metadata.owner_references
        assert [owner.uid for owner in owners] == [made["metadata"]["uid"]]


def test_the_status_says_which_generation_is_there(cluster, namespace, site):
    site()
    observed(cluster, namespace, 1)
    site(html="other")
    observed(cluster, namespace, 2)


# How it follows


def test_a_changed_page_follows(cluster, namespace, site):
    site(html="hello")
    page(cluster, namespace, "hello")
    site(html="good bye")
    page(cluster, namespace, "good bye")


@pytest.mark.parametrize("number", [3, 0])
def test_it_is_scaled(cluster, namespace, site, number):
    site(replicas=1)
    replicas(cluster, namespace, 1)
    site(replicas=number)
    replicas(cluster, namespace, number)


def test_its_parts_go_with_the_site(cluster, namespace, site):
    site()
    observed(cluster, namespace, 1)
    cluster.request("DELETE", PATH.format(namespace, "home"))
    for kind in (ConfigMap, Deployment, Service):
        cluster.wait_gone(kind, namespace, "home")


def test_two_sites_keep_apart(cluster, namespace, site):
    site("one", html="1")
    site("two", html="2")
    page(cluster, namespace, "1", "one")
    page(cluster, namespace, "2", "two")


def test_what_somebody_changed_is_put_right_with_the_next_change(cluster, namespace, site):
    site(html="hello")
    observed(cluster, namespace, 1)
    cluster.patch(ConfigMap, namespace, "home", {"data": {"index.html": "mine"}})
    site(html="hello!")
    page(cluster, namespace, "hello!")


def test_a_site_without_a_page_is_refused(cluster, namespace, site):
    with pytest.raises(Invalid, match="html"):
        site(html=None)


# What it asks of the API


def test_each_part_is_written_once(cluster, namespace, site):
    site()
    observed(cluster, namespace, 1)
    written = cluster.requests.where(verb="patch", namespace=namespace, name="home", resource="config*")
    assert len(written) == 1


def test_nothing_is_written_where_nothing_changes(cluster, namespace, site):
    site()
    observed(cluster, namespace, 1)
    cluster.requests.clear()
    site("other")
    observed(cluster, namespace, 1, "other")
    assert cluster.requests.where(verb="patch", name="home", resource="services") == []


# When the API does not play along


@pytest.mark.parametrize("error", [409, 500])
def test_what_is_refused_is_tried_again(cluster, namespace, site, error):
    refused = cluster.faults.add(verb="patch", resource="deployments", namespace=namespace, error=error, times=3)
    site(replicas=2)
    replicas(cluster, namespace, 2)
    assert refused.met == 3


def test_a_lost_connection_is_tried_again(cluster, namespace, site):
    lost = cluster.faults.add(verb="patch", resource="configmaps", namespace=namespace, disconnect_after=0, times=2)
    site(html="hello")
    page(cluster, namespace, "hello")
    assert lost.met == 2


def test_a_watch_that_breaks_is_taken_up_again(cluster, namespace, site):
    site(html="hello")
    observed(cluster, namespace, 1)
    cluster.disconnect(resource="websites")
    site(html="good bye")
    page(cluster, namespace, "good bye")


def test_it_goes_on_after_it_was_stopped(cluster, namespace, site, operator):
    site(html="hello")
    observed(cluster, namespace, 1)
    operator.stop()
    site(html="good bye")
    operator.start()
    page(cluster, namespace, "good bye")
