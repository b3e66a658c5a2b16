"""What there is to say of a machine or a cluster before work begins, or when it fails."""

from gridr_dask.doctor.cluster import examine_cluster
from gridr_dask.doctor.findings import Finding, Level
from gridr_dask.doctor.process import examine_process

__all__ = ["Finding", "Level", "examine_cluster", "examine_process"]
