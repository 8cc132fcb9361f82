"""What a person chooses about a cluster, and what every part is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from prometheus_client import CollectorRegistry

from sampan.core.classes import frozen
from sampan.core.instant import Instant
from sampan.core.model.kinds import KubeObject

if TYPE_CHECKING:
    from cryptography.x509 import CertificateSigningRequest

DEFAULT_CLUSTER = "sampan"
DEFAULT_PORT = 6443


def utc_now() -> datetime:
    return Instant.now_utc()


@frozen(kw_only=True)
class AuditLog:
    """What is kept of requests, and where; kube-apiserver's options of these names."""

    policy: Path | None = None
    """The policy's file; ``None`` keeps nothing."""
    path: str = ""
    """Where events are appended; ``-`` is the standard output, and empty no file: plugins alone are told."""
    max_age: int = 30
    """Days that old files stay; 0: for ever."""
    max_backups: int = 10
    """Old files that stay; 0: all."""
    max_size: int = 100
    """Megabytes of a file until the next one is begun; 0: there is but one."""


@frozen(kw_only=True)
class AdmissionChoice:
    """Which admission plugins run besides or without those that do anyway; kube-apiserver's options."""

    enabled: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    settings: Path | None = None
    """A file with an ``AdmissionConfiguration``."""


@frozen(kw_only=True)
class Config:
    """The choices, with their defaults: ``auto`` means that sampan picks and says why."""

    cluster: str = DEFAULT_CLUSTER
    data_dir: Path
    address: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    """0 takes a free one."""
    port_is_fixed: bool = False
    """Asked for by a person: where it is taken, that is an error; otherwise the next free one is taken."""
    runtime: str = "auto"
    proxy: str = "auto"
    balancer: str = "auto"
    """What chooses among a Service's endpoints; anything but ``auto`` needs a proxy that asks."""
    dns: str = "auto"
    """The name server; ``none`` for no cluster DNS."""
    ingress: str = ""
    """The HTTP router for Ingresses: ``auto``, a name, or ``none``; empty: as before, at first none."""
    ingress_port: int | None = None
    ingress_tls_port: int | None = None
    """0 takes a free one; ``None`` the one of before, at first the first free one from a usual place on."""
    store: str = ""
    """A store URL; empty is SQLite in the data directory."""
    node_name: str = ""
    """Empty is the host's name."""
    nodes: int = 0
    """How many nodes there are on this machine; 0: as many as before, at first one."""
    ip_family: str = ""
    """``ipv4``, or ``dual`` for IPv6 beside it; empty: as the ranges say, and as before."""
    service_cidr: str = ""
    """As in Kubernetes one range, or one of IPv4 and one of IPv6 with a comma between; so is ``pod_cidr``."""
    pod_cidr: str = ""
    manifests: Path | None = None
    kubeconfig: Path | None = None
    """The person's kubeconfig to write a context into; ``None`` writes none."""
    audit: AuditLog = AuditLog()
    admission: AdmissionChoice = AdmissionChoice()


Sign = Callable[["CertificateSigningRequest", Iterable[str], timedelta, datetime], str]
"""(request, Kubernetes' key usages, life, now) → a certificate as PEM."""


@frozen(kw_only=True)
class FrontProxy:
    """What an aggregated API server knows this one by: a client certificate, and the CA that vouches for it."""

    ca_pem: str
    certificate_file: Path
    key_file: Path
    name: str = "front-proxy-client"
    """The certificate's common name."""


@frozen(kw_only=True)
class ClusterContext:
    """What controllers are made with, and (inside of an `AccessContext`) admission, authenticators and authorizers."""

    config: Config
    service_cidr: str
    """One range, or one of each family."""
    admin_token: str = ""
    ca_pem: str = ""
    sign: Sign | None = None
    """The cluster's CA, for the controller that signs certificates; ``None`` where nobody has it."""
    front_proxy: FrontProxy | None = None
    """``None`` where the server has no files of its own, as in tests without sockets."""
    token_key_pem: str = ""
    """Signs the tokens of service accounts; empty: a key that is forgotten with the process."""
    clock: Callable[[], datetime] = utc_now
    metrics: CollectorRegistry = attrs.field(factory=CollectorRegistry)
    kinds: tuple[type[KubeObject], ...] = ()
    """All kinds that the cluster serves."""
    shares_store: bool = False
    """Whether other control planes may use the store at the same time."""
