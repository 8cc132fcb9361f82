"""Whether the API has a pod no longer: what of it runs here is ended on nothing less than its own word. On the event loop.

That a list or a watch does not show a pod is not enough. An object that cannot be read in the store is left out of both,
and its containers are somebody's work all the same.
"""

from __future__ import annotations

import logging

from sampan.core.client.protocol import Client
from sampan.core.errors import Forbidden, NotFound, SampanError
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.identity import node_uid
from sampan.core.node.record import PodRecord

log = logging.getLogger(__name__)

ASK_AGAIN = 30.0
"""Seconds until a pod that is missing, and not said to be gone, is asked for again."""


async def find_whether_gone(record: PodRecord, client: Client) -> None:
    """Settle what has become of a pod that is missing.

    The API has none of its name, another one (which another node's agent alone may read), or gives no answer.
    """
    if not record.missing or record.gone:
        return
    namespace, name = record.pod.key
    try:
        record.gone = record.deleted or node_uid(await client.get(Pod, namespace, name)) != record.uid
    except (NotFound, Forbidden):
        record.gone = True
    except SampanError as exc:
        if "missing" not in record.said:
            record.said.add("missing")
            log.warning(
                "pod %s/%s is left as it is, as the API does not tell whether it is gone: %s", *record.pod.key, exc
            )
