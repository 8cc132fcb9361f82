"""Containers as pods and pod templates describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sampan.cli.describe.text import Lines, Object, moment


def container_lines(
    title: str, containers: Sequence[Object], statuses: Sequence[Object] | None = None, *, space: str = ""
) -> Lines:
    """``space`` is what a template puts before its lines. ``statuses`` are a pod's; a template has none."""
    by_name = {status["name"]: status for status in statuses or []}
    lines = [f"{space}{title}:"]
    for container in containers:
        lines.append(f"  {' ' if space else ''}{container['name']}:")
        lines.extend(f"    {line}" for line in _container(container, by_name.get(container["name"])))
    return lines


def _container(container: Object, status: Object | None) -> Lines:
    lines: Lines = []
    if status:
        lines.append(f"Container ID:\t{status.get('containerID', '')}")
    lines.append(f"Image:\t{container.get('image', '')}")
    if status:
        lines.append(f"Image ID:\t{status.get('imageID', '')}")
    lines += _ports(container)
    lines += _words("Command", container.get("command")) + _words("Args", container.get("args"))
    if status:
        lines += _state("State", status.get("state") or {})
        if (status.get("lastState") or {}).get("terminated"):
            lines += _state("Last State", status["lastState"])
        lines += [f"Ready:\t{bool(status.get('ready'))}", f"Restart Count:\t{status.get('restartCount', 0)}"]
    resources = container.get("resources") or {}
    for title in ("Limits", "Requests"):
        if amounts := resources.get(title.lower()):
            lines += [f"{title}:", *(f"  {name}:\t{amount}" for name, amount in sorted(amounts.items()))]
    for title in ("Liveness", "Readiness", "Startup"):
        if probe := container.get(f"{title.lower()}Probe"):
            lines.append(f"{title}:\t{_probe(probe)}")
    return lines + _environment(container) + _mounts(container)


def _ports(container: Object) -> Lines:
    ports = container.get("ports") or []

    def written(key: str) -> str:
        texts = []
        for port in ports:
            name = f" ({port['name']})" if port.get("name") else ""
            texts.append(f"{port.get(key, 0)}/{port.get('protocol', 'TCP')}{name}")
        return ", ".join(texts) or "<none>"

    several = "s" if len(ports) > 1 else ""
    return [f"Port{several}:\t{written('containerPort')}", f"Host Port{several}:\t{written('hostPort')}"]


def _words(title: str, words: Sequence[str] | None) -> Lines:
    if not words:
        return []
    return [f"{title}:", *(f"  {line}" for word in words for line in word.split("\n"))]


def _state(title: str, state: Mapping[str, Any]) -> Lines:
    if running := state.get("running"):
        return [f"{title}:\tRunning", f"  Started:\t{moment(running.get('startedAt'))}"]
    if ended := state.get("terminated"):
        lines = [f"{title}:\tTerminated"]
        lines += [f"  {key}:\t{ended[key.lower()]}" for key in ("Reason", "Message") if ended.get(key.lower())]
        lines.append(f"  Exit Code:\t{ended.get('exitCode', 0)}")
        lines += [f"  Signal:\t{ended['signal']}"] if ended.get("signal") else []
        return [
            *lines,
            f"  Started:\t{moment(ended.get('startedAt'))}",
            f"  Finished:\t{moment(ended.get('finishedAt'))}",
        ]
    reason = (state.get("waiting") or {}).get("reason")
    return [f"{title}:\tWaiting", *([f"  Reason:\t{reason}"] if reason else [])]


def _probe(probe: Object) -> str:
    times = (
        f"delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 1)}s"
        f" period={probe.get('periodSeconds', 10)}s successThreshold={probe.get('successThreshold', 1)}"
        f" failureThreshold={probe.get('failureThreshold', 3)}"
    )
    if "exec" in probe:
        return f"exec [{' '.join(probe['exec'].get('command') or [])}] {times}"
    if http := probe.get("httpGet"):
        place = f"{http.get('host', '')}:{http.get('port', '')}"
        return f"http-get {str(http.get('scheme', 'http')).lower()}://{place}{_rooted(http.get('path', ''))} {times}"
    if tcp := probe.get("tcpSocket"):
        return f"tcp-socket {tcp.get('host', '')}:{tcp.get('port', '')} {times}"
    if grpc := probe.get("grpc"):
        return f"grpc <pod>:{grpc.get('port', '')} {grpc.get('service') or ''} {times}"
    return f"unknown {times}"


def _rooted(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def _environment(container: Object) -> Lines:
    lines: Lines = []
    if sources := container.get("envFrom"):
        lines.append("Environment Variables from:")
        lines += [f"  {_source(source)}" for source in sources]
    if not (variables := container.get("env")):
        return [*lines, "Environment:\t<none>"]
    lines.append("Environment:")
    return lines + [f"  {_variable(each, container)}" for each in variables]


def _source(source: Object) -> str:
    sort, reference = (
        ("ConfigMap", source["configMapRef"]) if "configMapRef" in source else ("Secret", source.get("secretRef") or {})
    )
    prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
    return f"{reference.get('name', '')}\t{sort}{prefix}\tOptional: {_bool(reference.get('optional'))}"


def _variable(each: Object, container: Object) -> str:
    name, source = each["name"], each.get("valueFrom")
    if not source:
        return f"{name}:\t" + str(each.get("value", "")).replace("\n", "\n      \t")
    if field := source.get("fieldRef"):
        return f"{name}:\t ({field.get('apiVersion', 'v1')}:{field.get('fieldPath', '')})"
    if amount := source.get("resourceFieldRef"):
        resource = amount.get("resource", "")
        side, _, which = resource.partition(".")
        value = ((container.get("resources") or {}).get(side) or {}).get(which, "")
        return f"{name}:\t{value} ({resource})"
    if key := source.get("configMapKeyRef"):
        what = f"<set to the key '{key.get('key')}' of config map '{key.get('name')}'>"
        return f"{name}:\t{what}\tOptional: {_bool(key.get('optional'))}"
    key = source.get("secretKeyRef") or {}
    what = f"<set to the key '{key.get('key')}' in secret '{key.get('name')}'>"
    return f"{name}:\t{what}\tOptional: {_bool(key.get('optional'))}"


def _mounts(container: Object) -> Lines:
    mounts = sorted(container.get("volumeMounts") or [], key=lambda mount: str(mount["mountPath"]))
    if not mounts:
        return ["Mounts:\t<none>"]
    lines = ["Mounts:"]
    for mount in mounts:
        flags = ["ro" if mount.get("readOnly") else "rw"]
        flags += [f'path="{mount["subPath"]}"'] if mount.get("subPath") else []
        lines.append(f"  {mount['mountPath']} from {mount['name']} ({','.join(flags)})")
    return lines


def _bool(value: object) -> str:
    return "true" if value else "false"
