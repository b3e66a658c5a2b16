"""Makes an array on the first worker of a cluster and needs it on the second; prints what both say.

Usage: neighbours.py SCHEDULER
"""

import sys

import numpy as np
from distributed import Client

from gridr_dask.scaling import explain

COUNT = 2**23


def main(scheduler):
    with Client(scheduler, timeout="60s") as client:
        client.wait_for_workers(2, timeout=120)
        first, second = client.scheduler_info()["workers"]
        made = client.submit(np.arange, COUNT, dtype=np.float64, workers=[first])
        total = client.submit(np.sum, made, workers=[second])
        assert total.result() == COUNT * (COUNT - 1) / 2
        for said in client.run(explain).values():
            print(said)


if __name__ == "__main__":
    main(*sys.argv[1:])
