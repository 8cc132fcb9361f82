"""What most admission plugins share: they do one of the two halves, for one kind."""

from __future__ import annotations

from sampan.core.contracts.access import AdmissionRequest, idle
from sampan.core.errors import Forbidden


class Quiet:
    """An admission plugin that lets everything pass; subclasses replace what they care for."""

    name = ""
    order = 100
    exact = True

    def __init_subclass__(cls) -> None:
        if "mutate" in cls.__dict__ and "exact" not in cls.__dict__:
            cls.exact = False  # as long as it does not say so itself

    @idle
    async def mutate(self, request: AdmissionRequest) -> None:
        return None

    @idle
    async def validate(self, request: AdmissionRequest) -> None:
        return None


def is_new_pod(request: AdmissionRequest) -> bool:
    return request.operation == "CREATE" and request.info.resource == "pods" and not request.subresource


def forbid(request: AdmissionRequest, said: str) -> Forbidden:
    """A refusal in Kubernetes' words: ``pods "x" is forbidden: …``."""
    info = request.info
    named = f'{info.resource} "{request.name}"' if request.name else info.resource
    return Forbidden(f"{named} is forbidden: {said}", kind=info.plural, group=info.group, name=request.name)
