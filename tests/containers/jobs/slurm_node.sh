#!/bin/sh
# Makes a Slurm of one node of this container, and runs a command there.
set -e
install -d -o munge /run/munge
runuser -u munge -- munged
mkdir -p /var/spool/slurmctld /var/spool/slurmd
cat >/etc/slurm/slurm.conf <<END
ClusterName=test
SlurmctldHost=$(hostname)
SlurmUser=root
AuthType=auth/munge
# Without cgroups, which are not to be had here.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
NodeName=$(hostname) CPUs=$(nproc) RealMemory=2000
PartitionName=all Nodes=ALL Default=YES
END
slurmctld
slurmd
# Until the node has registered, every request is refused as one that no node can meet.
timeout 60 sh -c 'until sinfo --noheader --states=idle --format=%n | grep --quiet .; do sleep 0.1; done' || {
    echo "the node did not become idle: $(sinfo --noheader --Node --format='%N %T %E')" >&2
    exit 1
}
exec "$@"
