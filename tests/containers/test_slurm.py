"""The job of deploy/slurm in a Slurm of one node."""

from pathlib import Path

from tests.containers import engine, images

SLURM = Path(__file__).parents[2] / "deploy" / "slurm"


def test_the_job_runs_a_program_on_its_cluster():
    mounted = ("--volume", f"{engine.JOBS}:/jobs:ro", "--volume", f"{SLURM}:/slurm:ro")
    job = "--nodes=1 --cpus-per-task=1 --mem=1000M /slurm/job.sh python3 /jobs/count_workers.py"
    script = (
        f"sbatch --test-only {job} || exit\n"
        f"sbatch --wait --output=out --error=err {job}; code=$?\n"
        "cat out; cat err >&2; exit $code"
    )
    ended = engine.run(
        images.image("bookworm"), "/jobs/slurm_node.sh", "sh", "-c", script, options=("--user=root", *mounted)
    )
    assert ended.code == 0, ended.said
    assert ended.stdout.splitlines()[-1] == f"1 {900 * 2**20} 3"
