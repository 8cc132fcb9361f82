"""The plugins of one process: found and asked to register (`load`), their hooks called so that none can harm another
(`calls`), what they return held against the hook's promise (`results`), what does not come back left out (`patience`), and
what they cost and break counted (`account`).
"""

from __future__ import annotations

from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugins.load import Loaded, Plugins, load_plugins

__all__ = ["Loaded", "PluginChoice", "Plugins", "load_plugins"]
