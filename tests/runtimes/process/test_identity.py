"""Who a container's process becomes, where root is not what root is elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.support.needs import needs

BECOME = """
import os, sys
from sampan.runtimes.process.shim.identity import Identity, become
job = {"user_namespace": "", "privileged": False, "capabilities": ["CHOWN"], "no_new_privileges": False}
uid, gid = map(int, sys.argv[1:])
become(Identity(uid, gid, [gid], '/'), job)
print(os.getuid(), os.getgid())
"""


def become_without_capabilities(uid: int, gid: int) -> subprocess.CompletedProcess[str]:
    take = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    command = [*take, sys.executable, "-c", BECOME, str(uid), str(gid)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


needs_root = needs(os.geteuid() == 0 and shutil.which("setpriv") is not None, "takes rights away from root")


@needs_root
def test_a_root_without_capabilities_stays_who_it_is() -> None:
    assert become_without_capabilities(0, 0).stdout == "0 0\n"


@needs_root
def test_it_becomes_nobody_else_and_says_so() -> None:
    done = become_without_capabilities(1234, 2345)
    assert "cannot run as user 1234, group 2345: root may not change users on this machine" in done.stderr
