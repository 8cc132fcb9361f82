"""The table holds each port with its endpoints, and is gone afterwards."""

import json

import ferry

from sampan.plugin import Endpoint, ProxySettings, ServicePort

WEB = ServicePort(
    namespace="default",
    name="web",
    port_name="http",
    protocol="TCP",
    ip="127.90.0.7",
    port=80,
    endpoints=(Endpoint(ip="10.0.0.1", port=8080),),
)


def test_the_table_is_written(tmp_path):
    proxy = ferry.Ferry(ProxySettings(cluster="c", state_dir=tmp_path, service_cidr="127.90.0.0/16", pod_cidr=""))
    proxy.start()
    proxy.sync([WEB])
    assert json.loads((tmp_path / "table.json").read_text()) == {"TCP 127.90.0.7:80": ["10.0.0.1:8080"]}
    proxy.destroy()
    assert not (tmp_path / "table.json").exists()
