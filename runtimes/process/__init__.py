"""The process runtime: pods as Linux processes, with as much isolation as the kernel allows and no engine.

Where to read on: `runtime` is the contract and joins the rooms; `isolation` decides what pods get here; `sandboxes` and
`containers` make, find and remove them, `jobs` translates what the node agent asks for; `network` gives addresses;
`images` keeps what was loaded; `exec`, `attach`, `port_forward`, `logs` and `events` are the ways in and out. `shim` is
what runs outside: the launcher and all that it forks.
"""
