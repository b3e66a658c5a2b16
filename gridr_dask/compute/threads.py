"""How many threads a call may use when nobody says."""

import os
import threading

__all__ = ["default_threads"]


def default_threads() -> int:
    """Return all cores this process may use, but 1 outside of the main thread.

    A call from another thread is most likely one of many: a dask task, a request of a server.
    """
    if threading.current_thread() is not threading.main_thread():
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
