#!/usr/bin/env bats
# klog-clean: retention, what it says, in what order, and what it needs.

load helper
load clean

@test "by time: the oldest segments whose newest record is too old" {
	klog-topic create t
	days t
	[ "$(segments t/0)" = '0 8 16 24' ]
	# The 8th is the newest of the first: 7 days old is not older.
	run3 klog-clean -v --now 2026-01-15 t
	is_status 0
	is_out "$T/t: nothing to remove"
	is_err "klog-clean: $T/t/0: what follows stays: its newest record is of 2026-01-08T00:00:00.000Z, retention.ms is 7d"
	run3 klog-clean -n --now 2026-01-23T00:01 t
	is_status 0
	is_err ''
	is_out "$(went "$T/t/0" 0 7 592 08 'would be removed')
$(went "$T/t/0" 8 15 592 16 'would be removed')
$T/t: would remove 2 segments, 1.1k: 2 by time"
	[ "$(segments t/0)" = '0 8 16 24' ]
	run3 klog-clean -v --now 2026-01-23T00:01 t
	is_status 0
	is_out "$(went "$T/t/0" 0 7 592 08 removed)
$(went "$T/t/0" 8 15 592 16 removed)
$T/t: removed 2 segments, 1.1k: 2 by time"
	is_err "klog-clean: $T/t/0: what follows stays: its newest record is of 2026-01-24T00:00:00.000Z, retention.ms is 7d"
	[ "$(segments t/0)" = '16 24' ]
	[ "$(cat t/0/log-start-offset)" = 16 ]
	run3 klog-consume t
	is_status 0
	is_err ''
	is_out "$(seq -f 'day %02g' 17 27)"
	run3 klog-check t
	is_status 0
	is_err ''
}

@test "all of it: the last segment goes too, and offsets go on" {
	klog-topic create t
	days t
	run3 klog-clean t
	is_status 0
	is_err ''
	is_out "$T/t: removed 4 segments, 1.9k: 4 by time"
	[ "$(segments t/0)" = 27 ]
	run3 klog-clean t
	is_out "$T/t: nothing to remove"
	run3 klog-consume t
	is_status 0
	is_out ''
	echo new | klog-produce t
	run3 klog-consume -F '%o %s\n' t
	is_out '27 new'
	run3 klog-check t
	is_status 0
}

@test "by size: what remains is never smaller than retention.bytes" {
	klog-topic create -c retention.ms=-1 -c retention.bytes=1406 t
	days t
	[ "$(cat t/0/*.log | wc -c)" -eq $((27 * 74)) ]
	run3 klog-clean t
	is_out "$T/t: removed 1 segment, 592: 1 by size"
	klog-topic alter -c retention.bytes=815 t
	run3 klog-clean -n t
	is_out "$T/t: nothing to remove"
	klog-topic alter -c retention.bytes=814 t
	run3 klog-clean -v t
	is_status 0
	is_err ''
	is_out "$(log "$T/t/0" 8): removed: offsets 8 to 15, 592: without it there is still retention.bytes (814)
$T/t: removed 1 segment, 592: 1 by size"
	[ "$(segments t/0)" = '16 24' ]
}

@test "below the log start, also where nothing else may go" {
	klog-topic create -c cleanup.policy=compact -c retention.bytes=0 t
	for day in 01 09 17 25; do
		echo "a:$day" | klog-produce -K : -t "2026-01-$day" t
	done
	[ "$(segments t/0)" = '0 1 2 3' ]
	run3 klog-clean --retain-only t
	is_out "$T/t: nothing to remove"
	echo 2 >t/0/log-start-offset
	run3 klog-clean -v --retain-only t
	is_status 0
	is_err ''
	is_out "$(log "$T/t/0" 0): removed: offsets 0 to 0, 71: it lies below the log start
$(log "$T/t/0" 1): removed: offsets 1 to 1, 71: it lies below the log start
$T/t: removed 2 segments, 142: 2 below the log start"
	[ "$(segments t/0)" = '2 3' ]
	[ "$(cat t/0/log-start-offset)" = 2 ]
}

@test "a record of a time to come keeps what follows; old data goes at once" {
	klog-topic create t
	days t 8
	echo late | klog-produce -z none -t 2099-01-01 t
	days t 8
	run3 klog-clean -v t
	is_status 0
	is_out "$(went "$T/t/0" 0 7 592 08 removed)
$T/t: removed 1 segment, 592: 1 by time"
	is_err "klog-clean: $T/t/0: what follows stays: its newest record is of 2099-01-01T00:00:00.000Z, retention.ms is 7d"
}

@test "--json: an object a segment and a topic" {
	klog-topic create -p 2 -c retention.bytes=700 t
	for day in 01 09 17; do
		echo "day $day" | klog-produce -p 1 -z none -t "2026-01-$day" t
	done
	echo 1 >t/1/log-start-offset
	run3 klog-clean --json -n --now 2026-01-17 t
	is_status 0
	is_err ''
	is_out '{"topic":"t","partition":1,"file":"1/00000000000000000000.log","base":0,"end":1,"bytes":74,"reason":"start","removed":false}
{"topic":"t","partition":1,"file":"1/00000000000000000001.log","base":1,"end":2,"bytes":74,"reason":"time","newest":1767916800000,"removed":false}
{"topic":"t","segments":2,"bytes":148,"by_start":1,"by_size":0,"by_time":1,"compacted":0,"dry_run":true}'
	klog-topic alter -c retention.bytes=74 t
	run3 klog-clean --json --now 2026-01-16 t
	is_status 0
	is_out '{"topic":"t","partition":1,"file":"1/00000000000000000000.log","base":0,"end":1,"bytes":74,"reason":"start","removed":true}
{"topic":"t","partition":1,"file":"1/00000000000000000001.log","base":1,"end":2,"bytes":74,"reason":"size","removed":true}
{"topic":"t","segments":2,"bytes":148,"by_start":1,"by_size":1,"by_time":0,"compacted":0,"bytes_before":0,"bytes_after":0,"dry_run":false}'
}

@test "-0: paths for xargs -0 and nothing else; -q: nothing" {
	mkdir "a
b"
	export KLOG_DIR="$T/a
b"
	klog-topic create t
	days t 10
	run3 klog-clean -n -0 t
	is_status 0
	is_err ''
	printf '%s\0%s\0' "$(log "$KLOG_DIR/t/0" 0)" "$(log "$KLOG_DIR/t/0" 8)" |
		cmp - "$OUT"
	klog-clean -n0 t | xargs -0 ls >/dev/null
	run3 klog-clean -0 --now 2026-01-16 t
	printf '%s\0' "$(log "$KLOG_DIR/t/0" 0)" | cmp - "$OUT"
	run3 klog-clean -q t
	is_status 0
	is_out ''
	is_err ''
	[ "$(segments "$KLOG_DIR/t/0")" = 10 ]
}

@test "-n changes nothing, takes no lock, and reading is enough" {
	klog-topic create t
	days t
	find t -printf '%p %s %T@ %i\n' | sort >before
	flock t/0/clean.lock klog-clean -n t >/dev/null
	find t -printf '%p %s %T@ %i\n' | sort >after
	cmp before after
	# Nothing is opened for writing.
	strace -f -o trace -e trace=openat,openat2,open,unlinkat,renameat,renameat2 \
		klog-clean -n t >/dev/null
	! grep -E 'O_(WRONLY|RDWR|CREAT)|unlink|rename' trace || false
}

@test "-p: only these partitions; the worst status of all is given" {
	klog-topic create -p 3 t
	for p in 0 1 2; do
		echo x | klog-produce -p "$p" -t 2026-01-01 t
	done
	run3 klog-clean -p 0,2 t
	is_status 0
	is_out "$T/t: removed 2 segments, 138: 2 by time"
	[ "$(segments t/0) $(segments t/1) $(segments t/2)" = '1 0 1' ]
	run3 klog-clean -p 3 t
	is_status 3
	is_err "klog-clean: $T/t: has no partition 3; the last is 2"
	run3 klog-clean missing t
	is_status 3
	is_out "$T/t: removed 1 segment, 69: 1 by time"
	is_err "klog-clean: $T/missing: no such topic"
}

@test "two at once: the second goes on with other partitions and says 5" {
	klog-topic create -p 2 t
	echo x | klog-produce -p 0 -t 2026-01-01 t
	echo x | klog-produce -p 1 -t 2026-01-01 t
	run3 flock t/0/clean.lock klog-clean t
	is_status 5
	is_out "$T/t: removed 1 segment, 69: 1 by time"
	err_like "^klog-clean: $T/t/0/clean.lock: locked by process [0-9]+ \(flock\)\$"
	[ "$(segments t/0) $(segments t/1)" = '0 1' ]
}

@test "a producer that is stopped in its append is waited for, for so long" {
	klog-topic create t
	days t 10
	run3 flock t/0/lock klog-clean --timeout 50ms t
	is_status 5
	is_out "$T/t: nothing removed"
	err_like "^klog-clean: $T/t/0/lock: locked by process [0-9]+ \(flock\)\$"
	[ "$(segments t/0)" = '0 8' ]
	# Without the active one no producer is waited for.
	run3 flock t/0/lock klog-clean --timeout 50ms --now 2026-01-16 t
	is_status 0
	is_out "$T/t: removed 1 segment, 592: 1 by time"
}

@test "a sealed topic is cleaned" {
	klog-topic create t
	days t 10
	klog-topic seal t
	run3 klog-clean t
	is_status 0
	is_err ''
	is_out "$T/t: removed 2 segments, 740: 2 by time"
	[ "$(segments t/0)" = 10 ]
}

@test "only what goes, and the one behind it, is opened" {
	# 600 segments of a record each, 100 of them old.
	klog-topic create -c segment.ms=1 u
	# A batch, and so a segment, of each: 2000 bytes with 61 + 13 around.
	seq -f '%.0f	' 1767225600000 10 1767225605990 |
		sed "s/\$/$(printf %02000d 0)/" |
		klog-produce -F '%T\t%s\n' --batch-bytes 2k -z none u
	[ "$(segments u/0 | wc -w)" -eq 600 ]
	klog-topic alter -c retention.ms=0 u
	run3 strace -f -o trace -e trace=openat,openat2,open klog-clean \
		--now 2026-01-01T00:00:01Z u
	is_status 0
	is_out "$T/u: removed 100 segments, 202k: 100 by time"
	[ "$(grep -c '\.timeindex' trace)" -eq 101 ]
	[ "$(grep -Ec '[0-9]{20}\.(log|index)' trace)" -eq 0 ]
}

@test "by time: without a time index the batches tell how old they are" {
	klog-topic create t
	days t
	rm t/0/00000000000000000000.timeindex
	: >t/0/00000000000000000008.timeindex
	run3 klog-clean -n --now 2026-01-23T00:01 t
	is_status 0
	is_err ''
	is_out "$(went "$T/t/0" 0 7 592 08 'would be removed')
$(went "$T/t/0" 8 15 592 16 'would be removed')
$T/t: would remove 2 segments, 1.1k: 2 by time"
}
