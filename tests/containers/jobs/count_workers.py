"""Connects to the cluster that the environment names; prints what its worker has, and a sum."""

from distributed import Client

with Client(timeout=60) as client:
    client.wait_for_workers(1, timeout=60)
    (worker,) = client.scheduler_info()["workers"].values()
    print(worker["nthreads"], worker["memory_limit"], client.submit(sum, [1, 2]).result())
