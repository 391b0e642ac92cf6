#!/usr/bin/env bats
# klog-check: what is good, and how it is told.

load check

@test "a good topic, by klog and by Kafka" {
	live
	check t
	is_status 0
	is_err ''
	is_out 't: good: 1 partition, 1 segment, 4 batches, 20 records, 444 bytes'
	rm -r t
	still
	check --deep t
	is_status 0
	is_err ''
	is_out 't: good: 1 partition, 2 segments, 4 batches, 20 records, 444 bytes'
	check -q t
	is_status 0
	is_out ''
}

@test "an object a topic with --json" {
	still
	check --json t
	is_status 0
	is_err ''
	is_out '{"topic":"t","partitions":1,"segments":2,"batches":4,"records":20,"bytes":444,"problems":0}'
	poke "t/0/$S10.log" 61 00
	check --json t
	is_status 4
	is_err 'klog-check: t: 1 problem; to mend: --repair=salvage'
	is_out '{"topic":"t","partition":0,"file":"0/00000000000000000010.log","position":0,"bytes":111,"offset":10,"end":15,"problem":"checksum mismatch","repair":"salvage"}
{"topic":"t","partitions":1,"segments":2,"batches":3,"records":15,"bytes":444,"problems":1}'
}

@test "what Kafka leaves and klog never writes is good" {
	holed
	check --deep h
	is_status 0
	is_out "h: good: 1 partition, 2 segments, 5 batches, 10 records, $(cat h/0/*.log |
		wc -c) bytes"
	is_err ''
}

@test "indexes of the active segment may end in zeros, as Kafka allocates them" {
	still
	truncate -s 4096 "t/0/$S10.index"
	truncate -s 4092 "t/0/$S10.timeindex"
	good
}

@test "holes belong to compacted topics" {
	python '
log = Log()
batch(log, "a", "b")
log.skip(3)
batch(log, "c")
write_topic("t", [log])'
	finds "t/0/$S0.log: position 78: offsets 2 to 4: offsets are missing [repair: salvage]" salvage
	echo cleanup.policy=compact >>t/topic.conf
	good
}

@test "partitions, several topics, the highest status counts" {
	numbers two 2 6
	still
	poke "two/1/$S0.log" 61 ff
	check -p 0 two
	is_status 0
	is_out 'two: good: 1 partition, 1 segment, 3 batches, 3 records, 207 bytes'
	check -q two t
	is_status 4
	is_out 'two/1/00000000000000000000.log: position 0: offset 0: checksum mismatch (69 bytes) [repair: salvage]'
	check -p 2 two
	is_status 3
	is_err 'klog-check: two: has no partition 2; the last is 1'
	check t missing
	is_status 3
	is_err 'klog-check: missing: no such topic'
}

@test "segments last changed before --since are not read" {
	still
	poke "t/0/$S0.log" 61 00
	touch -d 2020-01-01 "t/0/$S0.log"
	check --since 2021-01-01 t
	is_status 0
	is_out 't: good: 1 partition, 1 segment, 2 batches, 10 records, 222 bytes'
	check --since 2019-01-01 t
	is_status 4
}

@test "called wrongly" {
	still
	check --repair=all t
	is_status 2
	is_out ''
	is_err 'klog-check: --repair: "all" is none of index, tail, salvage, poison
usage: klog-check [options] TOPIC...
       klog-check --against COPY [options] TOPIC...'
	check --repair= t
	is_status 2
	check --dry-run t
	is_status 2
	is_err 'klog-check: --dry-run goes with --repair only
usage: klog-check [options] TOPIC...
       klog-check --against COPY [options] TOPIC...'
	check --save . t
	is_status 2
	is_err 'klog-check: --save goes with --repair only
usage: klog-check [options] TOPIC...
       klog-check --against COPY [options] TOPIC...'
	check
	is_status 2
	check --repair --save missing t
	is_status 3
	is_err 'klog-check: missing: No such file or directory'
}

@test "stdout is full" {
	still
	run3 bash -c 'klog-check t >/dev/full'
	is_status 3
	is_err 'klog-check: stdout: No space left on device'
}

@test "who may only read can check" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	live
	chmod 755 "$T"
	run3 setpriv --reuid 65534 --regid 65534 --clear-groups \
	    klog-check --deep t
	is_status 0
	is_err ''
	is_out "$T/t: good: 1 partition, 1 segment, 4 batches, 20 records, 444 bytes"
}
