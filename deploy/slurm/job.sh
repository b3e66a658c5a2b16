#!/usr/bin/env bash
# Runs a program on a dask cluster that lives as long as the job:
#
#     sbatch deploy/slurm/job.sh PROGRAM [ARGUMENT...]
#
# dask.distributed.Client() connects to it.
#SBATCH --job-name=gridr
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --mem=60G
#SBATCH --time=02:00:00
set -euo pipefail

(($#)) || {
    echo "which program is to run? sbatch $0 PROGRAM [ARGUMENT...]" >&2
    exit 2
}

started=()
stop() {
    # Workers first, so that they can say goodbye to the scheduler.
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do
        kill "${started[i]}" 2>/dev/null || true
        wait "${started[i]}" || true
    done
}
trap stop EXIT

# Another job of the same node has another port.
port=$((20000 + SLURM_JOB_ID % 10000))
export DASK_SCHEDULER_ADDRESS=tcp://$SLURMD_NODENAME:$port
dask scheduler --port "$port" --dashboard-address :0 &
started+=($!)

# One process on each node, with all threads of the job: they share source blocks in memory. srun does not take over
# how many cores a task has.
srun --cpus-per-task "$SLURM_CPUS_PER_TASK" dask worker "$DASK_SCHEDULER_ADDRESS" \
    --nworkers 1 \
    --nthreads "$SLURM_CPUS_PER_TASK" \
    --memory-limit "$((SLURM_MEM_PER_NODE * 9 / 10))MiB" \
    --local-directory "${TMPDIR:-/tmp}" \
    --preload gridr_dask.scaling.preload &
started+=($!)

"$@"
