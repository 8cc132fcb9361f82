"""What Services cost: rules, traffic through each proxy, names, memory. Ratios of one run, measured in turns.

``python -m benchmarks.bench_network [RUNTIME]``, as root, where there are nftables, wrk, dnsperf and dnsmasq. ``RUNTIME``
(docker, unless another one is named) runs the nginx that is asked. It takes about six minutes.
"""

from __future__ import annotations

import sys

from benchmarks import network_memory, network_names, network_rules, network_traffic


def main(runtime: str = "docker") -> None:
    for lines in (
        network_rules.report(),
        network_traffic.report(runtime),
        network_names.report(),
        network_memory.report(),
    ):
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
