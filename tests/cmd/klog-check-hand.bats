#!/usr/bin/env bats
# klog-check: what an operator meets: hard links, repairs as root, clocks,
# copies, a disk that is full.

load check

@test "a file with a second name is told, and nothing is done to it" {
	live
	echo secret >victim
	rm "t/0/$S0.index"
	ln victim "t/0/$S0.index"
	check t
	is_status 4
	out_like "^t/0/$S0.index: has 2 names \(hard links\): what is done to one is done to all$"
	chmod 0666 t/0/lock
	check --repair t
	is_status 3
	is_err 'klog-check: t/0: has files with several names (hard links), which a repair would change too: copy it, and repair the copy'
	[ "$(cat victim)" = secret ]
	[ "$(stat -c %a t/0/lock)" = 666 ]
}

@test "what root makes in a repair belongs to the folder's owner" {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	live
	chown -R nobody t
	echo junk >t/0/recovery-point
	rm t/0/leader-epoch-checkpoint
	check --repair t
	is_status 0
	[ -d t/0/cut ]
	[ -z "$(find t ! -user nobody)" ]
}

@test "a segment of before 1970 is read too" {
	still
	touch -d 1960-01-01 "t/0/$S0.log"
	poke "t/0/$S0.log" 100 ff
	check t
	is_status 4
	out_like "^t/0/$S0.log: position 0: offsets 0 to 4: checksum mismatch"
}

@test "the first segment is gone, and nothing says that it was removed" {
	klog-topic create -c segment.bytes=4k t
	for _ in 1 2 3; do
		seq 1000 | klog-produce -z none t
	done
	rm "t/0/$S0."*
	next=$(basename "$(printf '%s\n' t/0/*.log | head -1)" .log)
	check t
	is_status 4
	is_out "t/0: offsets 0 to $((10#$next - 1)): the first segments are missing [repair: salvage]"
	check --repair=salvage t
	is_status 0
}

@test "a reader says that the end of a damaged log is missing" {
	live
	cp -a t copy
	truncate -s 443 "copy/0/$S0.log"
	run3 klog-consume -c copy
	is_status 4
	is_out ''
	is_err "klog-consume: $T/copy/0: ends at offset 15, but was on disk up to 20 (in a copy made while it was written to: remove its recovery-point)"
	run3 klog-consume copy
	is_status 4
	is_out "$(seq -f v%02g 0 14)"
	run3 klog-consume --last 2 copy
	is_status 4
	run3 klog-consume -o 0:15 -c copy
	is_status 0
	is_out 15
	rm copy/0/recovery-point
	run3 klog-consume -c copy
	is_status 0
	is_out 15
}

@test "a salvage that could not be done does not say that it was" {
	live
	poke "t/0/$S0.log" 100 ff
	check t
	is_status 4
	cp -a t before
	(ulimit -f 0; check --repair=salvage t; is_status 3; is_out '')
	cmp "t/0/$S0.log" "before/0/$S0.log"
	check --repair=salvage t
	is_status 0
}
