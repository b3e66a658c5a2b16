"""For ``dask worker --preload gridr_dask.scaling.preload``: the plugin, without a client.

A nanny that is given it, by ``--preload-nanny``, hands it on to its worker.
"""

from __future__ import annotations

from distributed import Nanny, Worker

from gridr_dask.scaling.plugin import SharedMemoryPlugin

__all__ = ["dask_setup"]


async def dask_setup(server: Worker | Nanny) -> None:
    """Add the plugin to a worker; called by dask."""
    if isinstance(server, Nanny):
        preload, arguments = server.preload, server.preload_argv
        preload = [preload] if isinstance(preload, str) else [*preload]  # a text, if a variable has set it
        if __name__ not in preload:
            server.preload = [*preload, __name__]
            if arguments and not isinstance(arguments[0], str):  # a list for each module
                server.preload_argv = [*arguments, []]
    else:
        await server.plugin_add(plugin=SharedMemoryPlugin())
