#!/usr/bin/env bash
# Starts a dask scheduler and its workers on this host, and stops them on Ctrl-C.
#
#     start.sh [WORKERS [THREADS]]
#
# WORKERS processes (default 1) of THREADS threads each (default: the cores, shared out).
# HOST and PORT say where the scheduler listens, MEMORY is the limit of one worker process.
set -euo pipefail
# Job control gives each child a process group of its own: a Ctrl-C reaches this script alone, which
# then stops them in order.
set -m

# nproc counts the cores that this process may use, which a container can restrict.
cores=$(nproc)
workers=${1:-1}
threads=${2:-$((cores > workers ? cores / workers : 1))}
host=${HOST:-127.0.0.1}
port=${PORT:-8786}
memory=${MEMORY:-auto}

command -v dask >/dev/null || {
    echo "no dask on the PATH: activate the environment that gridr_dask is installed in" >&2
    exit 1
}

started=()
stop() {
    trap '' INT TERM
    if ((${#started[@]})); then
        # Workers first, so that they can say goodbye to the scheduler.
        for ((i = ${#started[@]} - 1; i >= 0; i--)); do
            kill "${started[i]}" 2>/dev/null || true
            wait "${started[i]}" || true
        done
    fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

dask scheduler --host "$host" --port "$port" --dashboard-address "$host:8787" &
started+=($!)
dask worker "tcp://$host:$port" --host "$host" \
    --nworkers "$workers" --nthreads "$threads" --memory-limit "$memory" \
    --preload gridr_dask.scaling.preload &
started+=($!)

echo "Connect with dask.distributed.Client('tcp://$host:$port'); Ctrl-C stops the cluster."
# If either ends by itself the other is of no use.
wait -n
