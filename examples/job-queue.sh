#!/bin/bash
# A queue of jobs, and workers that share them.
#
#	job-queue.sh DIR WORKERS COMMAND <JOBS
#
# Each line of JOBS is a job.  COMMAND gets it on its standard input, and does
# it by exiting 0.  It is tried three times; what fails then lies in the topic
# DIR/dead, and is shown at the end: status 1.  A worker that is killed loses
# nothing: its job is done again by another.
#
# Workers that stay are better kept by systemd: klog-worker@.service.
set -euo pipefail
export KLOG_DIR=${1:?usage: job-queue.sh DIR WORKERS COMMAND}
workers=${2:?usage: job-queue.sh DIR WORKERS COMMAND}
command=${3:?usage: job-queue.sh DIR WORKERS COMMAND}

mkdir -p "$KLOG_DIR"
# A partition is read by one worker: more partitions than workers.
klog-topic create --if-not-exists -p $((workers * 4)) jobs
klog-topic create --if-not-exists dead
# Makes the group, which so can be waited for before a worker has come.
klog-consume -q -g workers --commit none -n 1 jobs >/dev/null
shown=$(klog-consume -c dead)

pids=()
trap 'kill "${pids[@]}" 2>/dev/null || :' EXIT
for ((i = 0; i < workers; i++)); do
	klog-consume -f -q -g workers --exec-each "$command" --retries 2 \
	    --backoff 10ms --dead-letter dead jobs </dev/null &
	pids+=($!)
done

# Jobs without a key would go to one partition a batch.
klog-produce -q --partitioner roundrobin jobs
klog-group wait -g workers jobs

klog-consume -o "+$shown" -F 'dead: %s (%h)\n' dead
[ "$(klog-consume -c dead)" -eq "$shown" ]
