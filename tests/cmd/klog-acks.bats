#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031
# What counts only when copies have it: --acks all, min.insync.replicas, the
# high watermark, who is in sync.

load produce

# A test that fails leaves no process.
teardown() {
	local name

	for name in a b; do
		leave "$name"
	done
	helper_teardown
}

# join NAME: a follower of t, in the background, copying into copies/NAME.
join() {
	mkdir -p copies
	klog-replicate -f --name "$1" t "copies/$1" >"log.$1" 2>&1 &
	echo $! >"pid.$1"
	until_true in_sync "$1"
}

# leave NAME: it dies at once.
leave() {
	[ -e "pid.$1" ] || return 0
	kill -9 "$(cat "pid.$1")" 2>/dev/null || true
	wait "$(cat "pid.$1")" 2>/dev/null || true
	rm "pid.$1"
	# What served it is gone when its lock is.
	until_true disconnected "$1"
}

disconnected() {
	! klog-replicate status --json t |
	    grep -q "\"name\":\"$1\"[^}]*\"connected\":true"
}

in_sync() {
	grep -qx "$1" t/0/in-sync 2>/dev/null
}

# high: the high watermark that readers go by.
high() {
	klog-replicate status --json t | sed 's/.*"high_watermark":\([0-9]*\).*/\1/'
}

@test "two copies: nothing is taken before the second is in sync" {
	topic t 1 min.insync.replicas=2
	run3 klog-produce t <<<one
	is_status 0
	run3 klog-produce -a all t <<<two
	is_status 5
	is_err "klog-produce: $T/t/0: not enough in-sync replicas: 1 of 2 (min.insync.replicas): nothing more was written; 0 records are safe; go on from line 1 of stdin"
	# On disk here, and shown to nobody.
	run3 klog-consume t
	is_status 0
	is_out ''
	run3 klog-consume -c t
	[ "${out-}" = 0 ] || out_like '^0'
	run3 klog-topic offsets t
	is_out 'PARTITION  EARLIEST  LATEST
        0         0       0'
	join a
	run3 klog-consume t
	is_out one
	run3 klog-produce -a all --report t <<<two
	is_status 0
	is_out 't 0 1'
	run3 klog-consume t
	is_out 'one
two'
	run3 klog-consume copies/a
	is_out 'one
two'
	[ "$(high)" = 2 ]
}

@test "KLOG_ACKS=all" {
	topic t 1 min.insync.replicas=2
	KLOG_ACKS=all run3 klog-produce t <<<two
	is_status 5
	KLOG_ACKS=all run3 klog-produce -a 1 t <<<two
	is_status 0
}

@test "a reader that follows is woken when the watermark rises" {
	topic t 1 min.insync.replicas=2
	klog-produce t <<<one
	klog-consume -f -n 2 t >followed 2>err &
	local pid=$!
	klog-produce t <<<two
	sleep 0.2
	[ ! -s followed ]
	join a
	wait "$pid"
	[ "$(cat followed)" = 'one
two' ]
}

@test "one that dies is waited for, then left out; one that has all stays" {
	topic t 1 min.insync.replicas=2 replica.lag.time.max.ms=300
	join a
	join b
	run3 klog-produce -a all t <<<one
	is_status 0
	leave b
	# It has everything.
	sleep 0.5
	in_sync b
	run3 klog-produce -a all t <<<two
	is_status 0
	in_sync a
	! in_sync b || false
	[ "$(high)" = 2 ]
	# The last one that is needed is left out too, and nothing more taken.
	leave a
	run3 klog-produce -a all --timeout 100ms --report t <<<three
	is_status 5
	is_out ''
	is_err "klog-produce: $T/t/0: offset 2 is on disk here, but not all 2 replicas in sync have it: they have what lies below 2; 0 records are safe, 1 more is on this disk and may be stored twice; go on from line 1 of stdin"
	run3 klog-produce -a all --timeout 1s t <<<four
	is_status 5
	is_err "klog-produce: $T/t/0: offset 3 is on disk here, but 1 of 2 replicas are in sync (min.insync.replicas), and all have what lies below 2; 0 records are safe, 1 more is on this disk and may be stored twice; go on from line 1 of stdin"
	run3 klog-produce -a all t <<<five
	is_status 5
	err_like 'not enough in-sync replicas: 1 of 2'
	[ "$(high)" = 2 ]
	run3 klog-consume t
	is_out 'one
two'
	# They come back with what was stored meanwhile.
	join a
	run3 klog-produce -a all t <<<five
	is_status 0
	run3 klog-consume t
	is_out 'one
two
three
four
five'
}

@test "min.insync.replicas from 1 to 2 and back, with a producer at work" {
	topic t 1
	seq 1000 | klog-produce --rate 2000 --linger 1ms t 2>err &
	local pid=$! before
	until_true [ -s t/0/00000000000000000000.log ]
	run3 klog-topic alter -c min.insync.replicas=2 t
	is_status 0
	before=$(high)
	[ "$before" -gt 0 ]
	[ -e t/0/high-watermark ]
	run3 klog-consume t
	[ "$(wc -l <"$OUT")" = "$before" ]
	wait "$pid"
	[ "$(high)" = "$before" ]
	run3 klog-consume t
	[ "$(wc -l <"$OUT")" = "$before" ]
	run3 klog-topic alter --unset min.insync.replicas t
	is_status 0
	[ ! -e t/0/high-watermark ]
	run3 klog-consume t
	[ "$(wc -l <"$OUT")" = 1000 ]
}

@test "without the state page readers go by the file" {
	topic t 1 min.insync.replicas=2
	klog-produce t <<<one
	join a
	until_true [ "$(high)" = 1 ]
	leave a
	klog-produce t <<<two
	mv t/0/state aside
	run3 klog-consume t
	is_out one
	run3 klog-consume --last 5 t
	is_out one
	# And the next producer restores it from there.
	klog-produce t <<<three
	run3 klog-consume t
	is_out one
}

@test "a sealed topic raises it all the same" {
	topic t 1 min.insync.replicas=2
	klog-produce t <<<one
	klog-topic seal t
	run3 klog-produce -a all t <<<two
	is_status 6
	join a
	run3 klog-consume t
	is_out one
}

@test "status and describe" {
	topic t 1 min.insync.replicas=2
	klog-produce t <<<one
	run3 klog-replicate status t
	is_status 0
	is_out "$T/t  leader
PARTITION  EPOCH  END  HIGH-WATERMARK  IN-SYNC  WANTED
        0      0    1               0        1       2"
	join a
	klog-produce -a all t <<<two
	run3 klog-replicate status t
	out_like 'FOLLOWER  PARTITION  ACKED  LAG  IN-SYNC  CONNECTED  LAST-CONTACT  *HOST
a  *0  *2  *0  yes  *yes  *20'
	leave a
	klog-produce t <<<three
	run3 klog-replicate status --json t
	is_status 0
	out_like '^\{"topic":"t","partition":0,"role":"leader","leader_epoch":0,"log_end":3,"high_watermark":2,"min_insync_replicas":2,"in_sync":\["a"\],"followers":\[\{"name":"a","host":"[^"]*","acked":2,"lag":1,"in_sync":true,"connected":false,"caught_up":[0-9]*,"last_contact":[0-9]*\}\]\}$'
	run3 klog-topic describe --json t
	out_like '"log_end":3,"high_watermark":2,.*"in_sync":\["a"\],"followers":\[\{"name":"a","host":"[^"]*","acked":2,'
	run3 klog-topic describe t
	out_like 'a  *0  *2  *1  yes  *no  *20'
}

@test "groups: lag ends at the high watermark" {
	topic t 1 min.insync.replicas=2
	join a
	seq 3 | klog-produce -a all t
	klog-consume -g g t >/dev/null
	leave a
	seq 4 | klog-produce t
	run3 klog-group describe --json t g
	out_like '"lag":0'
}

# finds TEXT STATUS, mends TEXT: what klog-check says.
finds() {
	run3 klog-check t
	is_status 4
	out_like "$1"
}

@test "klog-check: a damaged high-watermark and in-sync, and their repair" {
	topic t 1 min.insync.replicas=2
	klog-produce t <<<one
	join a
	until_true [ "$(high)" = 1 ]
	leave a
	run3 klog-check t
	is_status 0
	echo 'a/b' >>t/0/in-sync
	finds 't/0/in-sync: line 2: is no follower.s name \[repair: index\]'
	run3 klog-check --repair t
	is_status 0
	out_like 't/0/in-sync: saved as .*/t/0/cut/in-sync\.'
	run3 klog-check t
	is_status 0
	echo 00000000000000000000 >t/0/high-watermark
	finds 't/0/high-watermark: is below that of the state, 1'
	run3 klog-check --repair t
	is_status 0
	[ "$(cat t/0/high-watermark)" = 00000000000000000001 ]
	echo junk >t/0/high-watermark
	finds 't/0/high-watermark: is not an offset'
	rm t/0/state
	run3 klog-produce t <<<two
	is_status 4
	is_err "klog-produce: $T/t/0/high-watermark: is not an offset (klog-check $T/t tells how to go on); 0 records are safe; go on from line 1 of stdin"
	run3 klog-check --repair t
	is_status 0
	run3 klog-check t
	is_status 0
	# Not what it was: less, until a replica is there again.
	run3 klog-consume t
	is_out ''
	join a
	run3 klog-consume t
	is_out one
}

@test "who waits for copies says once what for" {
	topic t 1 min.insync.replicas=2
	join a
	klog-produce -a all t <<<one
	leave a
	klog-produce -a all t <<<two 2>err &
	pid=$!
	until_true [ -s err ]
	join a
	wait "$pid"
	[ "$(sed 's/ for [0-9.]*s:/ for N:/' err)" = "klog-produce: $T/t/0: \
waiting for copies for N: 2 in sync of 2 that are needed, all have what lies \
below offset 1, behind are: a; 0 records are safe so far" ]
	[ "$(klog-consume t)" = 'one
two' ]
}

@test "klog-dump shows who is in sync, and what a follower acknowledged" {
	topic t 1 min.insync.replicas=2
	join a
	klog-produce -a all t <<<one
	leave a
	run3 klog-dump t/0/in-sync t/0/high-watermark
	is_status 0
	is_out 'Dumping t/0/in-sync
follower: a
Dumping t/0/high-watermark
offset: 1'
	run3 klog-dump t/replicas/a
	is_status 0
	out_like '^Dumping t/replicas/a
host: [^ ]* pid: [0-9]* since: [0-9]* lastContact: [0-9]*
partition: 0 offset: .*1.* caughtUp: .*[0-9]'
	run3 klog-dump --json t/replicas/a
	out_like '"type":"acknowledged","partition":0,"offset":1,"caught_up":[0-9]+\}'
	printf 'X' | dd of=t/replicas/a bs=1 seek=130 conv=notrunc 2>/dev/null
	run3 klog-dump t/replicas/a
	is_status 4
	is_err 'klog-dump: t/replicas/a: position 117: checksum mismatch'
}
