#!/bin/sh
# A failover, step by step: a leader and two followers that copy it as it grows,
# the leader is lost, the follower that has most leads, the other follows that,
# and so does the old leader when it is back.
#
#	failover.sh [DIR]
#
# Here the three hosts are directories of one, in DIR or a temporary one.  With
# real hosts the follower's command is the same but for its first word,
# host:/var/lib/klog/orders in place of leader/orders (klog-replicate@.service
# runs it), and each step is done on the host that it names.
set -eu
dir=${1:-}
[ -n "$dir" ] || dir=$(mktemp -d "${TMPDIR:-/tmp}/klog-failover-XXXXXX")
cd "$dir"
mkdir leader near far
followers=

finish() {
	for pid in $followers; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	[ -n "${1:-}" ] || rm -rf "$dir"
}
trap 'finish "${1:-}"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

step() {
	printf '\n# %s\n' "$*"
}

# follow FROM TO: in the background, until the end.
follow() {
	klog-replicate -q -f --name "$2" "$1/orders" "$2/orders" &
	followers="$followers $!"
}

# wait_for COMMAND: until it succeeds.
wait_for() {
	n=0
	until "$@" >/dev/null 2>&1; do
		n=$((n + 1))
		[ "$n" -lt 300 ] || { echo "failover.sh: $* failed" >&2; exit 1; }
		sleep 0.1
	done
}

in_sync() {
	[ "$(klog-replicate status --json "$1/orders" |
	    grep -c "\"in_sync\":\[[^]]*\"$2\"")" -eq 1 ]
}

# holds TOPIC: its newest leader epoch, and where its log ends.  A replica's
# readers stop before that, where the leader last told it that they may; so
# what "klog-topic offsets" prints is not enough to choose by.
holds() {
	klog-replicate status --json "$1" |
	    sed 's/.*"leader_epoch":\([0-9]*\),"log_end":\([0-9]*\).*/\1 \2/'
}

# reaches TOPIC N: its readers get N records.
reaches() {
	[ "$(klog-consume -c "$1")" -ge "$2" ]
}

step 'A topic of which two copies have to know what is acknowledged'
klog-topic create -c min.insync.replicas=2 leader/orders
follow leader near
follow leader far
wait_for in_sync leader near
wait_for in_sync leader far
seq 1 1000 | klog-produce -q --acks all leader/orders

step 'The host of the leader is lost: nobody serves it, nobody appends'
for pid in $followers; do
	kill "$pid"
	wait "$pid" || :
done
followers=
# What nobody has copied is acknowledged to nobody: this waits in vain.
seq 2001 2003 |
    klog-produce -q --acks all --timeout 1s leader/orders || echo "status $?"
mv leader lost

step 'Which follower has most?'
# That with the newest epoch, and of several such the one with the largest end.
near=$(holds near/orders)
far=$(holds far/orders)
echo "near $near, far $far"
best=$(printf '%s near\n%s far\n' "$near" "$far" |
    sort -k 1,1n -k 2,2n | tail -n 1 | cut -d ' ' -f 3)
other=near
[ "$best" = far ] || other=far

step "It leads: $best"
klog-replicate promote "$best/orders"

step "The other one follows it: $other"
klog-replicate follow -q "$other/orders" "$best/orders"
follow "$best" "$other"
wait_for in_sync "$best" "$other"

step 'Producers go on there'
seq 1001 1500 | klog-produce -q --acks all "$best/orders"

step 'The old leader is back: what it alone has is cut off, and kept'
klog-replicate follow "lost/orders" "$best/orders"
klog-replicate -q "$best/orders" lost/orders
echo x | klog-produce -q lost/orders || echo "status $?"

step 'Nothing that was acknowledged is missing, anywhere'
seq 1 1500 >want
for host in "$best" lost; do
	klog-consume "$host/orders" | cmp - want
done
wait_for reaches "$other/orders" 1500
klog-consume "$best/orders" | cmp - want
klog-check -q "$best/orders" lost/orders "$other/orders"
echo 'the same everywhere'
