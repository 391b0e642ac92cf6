#!/bin/bash
# Ship a topic to another host over ssh, as often as you like: only what is
# not there goes over.
#
#	ssh-ship.sh HOST TOPIC
#
# The far end says how many records of each partition it has, and that is the
# offset to go on from; so a run that was cut off loses and repeats nothing.
# Nobody else may write to the far topic, and the topic has no holes (no
# compaction, no transactions).  RSH, for example "sh -c", replaces "ssh HOST".
set -euo pipefail
host=${1:?usage: ssh-ship.sh HOST TOPIC}
topic=${2:?usage: ssh-ship.sh HOST TOPIC}
read -ra far <<<"${RSH:-ssh -o BatchMode=yes $host}"
name=$(basename "$topic")

partitions=$(klog-topic offsets --json "$topic" | wc -l)
"${far[@]}" "klog-topic create -q --if-not-exists -p $partitions $name"
for ((p = 0; p < partitions; p++)); do
	from=$("${far[@]}" "klog-topic offsets --json -o end -p $p $name" |
	    sed 's/.*"offset":\([0-9]*\).*/\1/')
	# Framed: keys, headers, timestamps and nulls go over as they are.
	klog-consume --framed -p "$p" -o "$from" "$topic" |
	    "${far[@]}" "klog-produce --framed -p $p $name"
done
