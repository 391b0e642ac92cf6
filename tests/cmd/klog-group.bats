#!/usr/bin/env bats
# klog-group: list, describe, delete, wait, pause, resume; what all share.
# The others: klog-group-move.bats, klog-group-check.bats.

load helper
load examples
load group

VERBS='list describe reset export import delete wait check pause resume'
ONE='reset export import delete wait pause resume'	# want -g

# first_err TEXT: the first line of stderr.
first_err() {
	head -n 1 "$ERR" >first
	same 'first line of stderr' first "$1"
}

# orders: a topic of 3 partitions, 10, 5 and no records from 2023 in them;
# group billing stands at 4 and 5 in the first two.
orders() {
	klog-topic create -p 3 orders
	seq 10 | klog-produce -t 1700000000000 -p 0 orders
	seq 5 | klog-produce -t 1700000000000 -p 1 orders
	printf '0 4 0\n1 5 0\n' | klog-group import -g billing orders
}

# traceable: strace can run the program, and sees what it does and no more.
traceable() {
	[[ $KLOG_BIN != */valgrind/* ]] || skip "valgrind makes calls of its own"
	export ASAN_OPTIONS=detect_leaks=0
}

# no_clock: stdout with times of commits and milliseconds of today replaced
# by text of the same width.
no_clock() {
	sed -E 's/20[2-9][4-9]-[0-9-]+T[0-9:.]+Z/COMMITTED-WHEN----------/g
	    s/\b[0-9]{11}ms/since-THEN-ms/g' \
	    "$OUT" >plain
	same stdout plain "$1"
}

# ---- the program ----

@test "no verb, an unknown verb, --help and --version" {
	run3 klog-group
	is_status 2
	is_out ''
	first_err "klog-group: a command is missing: one of ${VERBS// /, }"
	run3 klog-group lits
	is_status 2
	first_err 'klog-group: unknown command lits; did you mean list?'
	run3 klog-group --version
	is_status 0
	out_like '^klog-group \(klog\) [0-9.]+$'
	for verb in $VERBS; do
		run3 klog-group "$verb" --help
		is_status 0
		is_err ''
		out_like "^usage: klog-group $verb "
		run3 klog-group "$verb" --frob t
		is_status 2
		first_err 'klog-group: unknown option --frob'
		run3 klog-group "$verb"
		is_status 2
		is_out ''
		first_err 'klog-group: TOPIC is missing'
	done
}

@test "-g is wanted, and is a name" {
	orders
	for verb in $ONE; do
		run3 klog-group "$verb" orders
		is_status 2
		is_out ''
		first_err 'klog-group: -g GROUP is missing'
		run3 klog-group "$verb" -g a orders b
		is_status 2
		first_err 'klog-group: unexpected operand: b'
	done
	for verb in describe check $ONE; do
		for bad in . .. '' a/b 'a b' $'a\nb' é; do
			run3 klog-group "$verb" -g "$bad" orders </dev/null
			is_status 2
			is_out ''
		done
		run3 klog-group "$verb" -g a/b orders
		first_err 'klog-group: -g: "a/b" is not a group'"'"'s name: at most 249 of A-Z a-z 0-9 . _ - may be in it'
	done
	[ "$(ls orders/groups)" = billing ]
}

@test "no such topic, no such group: nothing is made" {
	klog-topic create -p 2 orders
	find orders | sort >before
	for verb in describe delete wait pause resume export 'reset --to end'; do
		# shellcheck disable=SC2086
		run3 klog-group $verb -g a orders
		is_status 3
		is_out ''
		is_err "klog-group: $T/orders/groups/a: no such group"
		# shellcheck disable=SC2086
		run3 klog-group $verb -g a gone
		is_status 3
		is_err "klog-group: $T/gone: no such topic"
	done
	run3 klog-group import -g a gone </dev/null
	is_status 3
	is_err "klog-group: $T/gone: no such topic"
	for verb in list describe; do
		run3 klog-group "$verb" orders
		is_status 0
		is_out ''
		is_err ''
		run3 klog-group "$verb" gone orders
		is_status 3
		is_err "klog-group: $T/gone: no such topic"
		run3 klog-group "$verb" 'a b' orders
		is_status 2
	done
	find orders | sort | cmp before -
}

# ---- list ----

@test "list: names in order, several topics, --json" {
	orders
	klog-topic create other
	for name in Zeta a.b_c-1 9; do
		echo '0 0 -1' | klog-group import -g "$name" orders
	done
	echo '0 0 -1' | klog-group import -g solo other
	: >orders/groups/file
	run3 klog-group list orders
	is_status 0
	is_err ''
	is_out $'9\nZeta\na.b_c-1\nbilling'
	run3 klog-group list other orders
	is_status 0
	is_out $'other solo\norders 9\norders Zeta\norders a.b_c-1\norders billing'
	klog-group pause -g solo other
	member orders billing 0
	run3 klog-group list --json orders other
	member_dies
	is_status 0
	jq -c . "$OUT" >got
	sed -n '4,$p' "$OUT" >last
	same stdout last '{"topic":"orders","group":"billing","members":1,"paused":false}
{"topic":"other","group":"solo","members":0,"paused":true}'
	[ "$(wc -l <got)" -eq 5 ]
}

# ---- describe ----

@test "describe: the table" {
	orders
	run3 klog-group describe -g billing orders
	is_status 0
	is_err ''
	no_clock "$T/orders  group=billing  partitions=3  members=0
PARTITION  COMMITTED  END  LAG       LAG-TIME  COMMITTED-AT              STATE  HOST  PID  SINCE  MEMBER
        0          4   10    6  since-THEN-ms  COMMITTED-WHEN----------  idle   -       -  -      -
        1          5    5    0            0ms  COMMITTED-WHEN----------  idle   -       -  -      -
        2          -    0    0            0ms  -                         idle   -       -  -      -"
}

@test "describe: who reads, and who has nothing to read" {
	orders
	member orders billing 0-1
	run3 klog-group describe orders
	is_status 0
	no_clock "$T/orders  group=billing  partitions=3  members=1
PARTITION  COMMITTED  END  LAG       LAG-TIME  COMMITTED-AT              STATE   HOST   PID  SINCE                     MEMBER
        0          4   10    6  since-THEN-ms  COMMITTED-WHEN----------  active  far   4711  2023-11-14T22:13:20.000Z  1700000000000-far-4711-0000beef
        1          5    5    0            0ms  COMMITTED-WHEN----------  active  far   4711  2023-11-14T22:13:20.000Z  1700000000000-far-4711-0000beef
        2          -    0    0            0ms  -                         idle    -        -  -                         -"
	klog-group pause -g billing orders
	run3 klog-group describe --json orders
	cp "$OUT" got
	run3 jq -r '[.partition, .state, .member.pid] | @csv' got
	is_out $'0,"paused",4711\n1,"paused",4711\n2,"paused",'
	klog-group resume -g billing orders
	member_dies
	# Dead: its file no longer counts.
	run3 klog-group describe --json orders
	cp "$OUT" got
	run3 jq -r '[.partition, .state, .member.pid] | @csv' got
	is_out $'0,"idle",\n1,"idle",\n2,"idle",'
	member orders billing
	run3 klog-group describe --json orders
	is_out "$(head -n 3 "$OUT")
{\"topic\":\"orders\",\"group\":\"billing\",\"partition\":null,\"log_start\":null,\"log_end\":null,\"committed\":null,\"epoch\":null,\"commit_time\":null,\"lag\":null,\"lag_ms\":null,\"member\":{\"id\":\"1700000000000-far-4711-0000beef\",\"host\":\"far\",\"pid\":4711,\"since\":1700000000000},\"state\":\"idle\"}"
	run3 klog-group describe orders
	member_dies
	[ "$(tail -n 1 "$OUT")" = '        -          -    -    -              -  -                         idle   far   4711  2023-11-14T22:13:20.000Z  1700000000000-far-4711-0000beef' ]
}

@test "describe --json: every field" {
	before=$(date +%s%3N)
	orders
	after=$(date +%s%3N)
	run3 klog-group describe --json orders
	now=$(date +%s%3N)
	is_status 0
	cp "$OUT" got
	run3 jq -c 'del(.commit_time, .lag_ms)' got
	is_out '{"topic":"orders","group":"billing","partition":0,"log_start":0,"log_end":10,"committed":4,"epoch":0,"lag":6,"member":null,"state":"idle"}
{"topic":"orders","group":"billing","partition":1,"log_start":0,"log_end":5,"committed":5,"epoch":0,"lag":0,"member":null,"state":"idle"}
{"topic":"orders","group":"billing","partition":2,"log_start":0,"log_end":0,"committed":null,"epoch":null,"lag":0,"member":null,"state":"idle"}'
	[ "$(jq -s --argjson a "$before" --argjson b "$after" \
	    'map(.commit_time) | .[2] == null and
	    (.[:2] | all(. >= $a and . <= $b))' got)" = true ]
	[ "$(jq -s --argjson a "$after" --argjson b "$now" 'map(.lag_ms) |
	    .[1:] == [0, 0] and .[0] >= $a - 1700000000000 and
	    .[0] <= $b - 1700000000000' got)" = true ]
}

@test "lag: markers, holes, a start that moved, times to come" {
	# Offsets 100 to 109, a marker at 110, a hole, one at 120; a second
	# partition whose only record is of the year 2096.
	PYTHONPATH=$KLOG_TOP/tests/interop python3 - <<-'PY'
		from kafkalog import Record
		from kafkawrite import Log, encode_batch, write_topic
		def batch(first, n, ts, **more):
		    return encode_batch([Record(first + i, ts, None, b"v", [])
		        for i in range(n)], **more)
		log = Log(100)
		log.add(batch(100, 10, 1700000000000, epoch=3))
		log.commit(7, 0, 1700000060000)
		log.skip(9)
		log.add(batch(120, 1, 1500000000000, epoch=4, codec=1))
		late = Log(0)
		late.add(batch(0, 1, 4000000000000))
		write_topic("made", [log, late], cleanup_policy="compact")
	PY
	# GROUP PARTITION OFFSET, and the lag and timestamp that come of it.
	while read -r name partition offset lag ts; do
		echo "$partition $offset -1" |
		    klog-group import -g "$name" made
		now=$(date +%s%3N)
		run3 klog-group describe --json -g "$name" made
		is_status 0
		[ "$(jq -s --argjson p "$partition" --argjson lag "$lag" \
		    --argjson low "$((ts == 0 ? 0 : now - ts))" \
		    '.[$p] | .lag == $lag and (.lag_ms >= $low) and
		    (.lag_ms <= $low + (if $low > 0 then 60000 else 0 end))' \
		    "$OUT")" = true ] || {
			echo "$name"
			cat "$OUT"
			return 1
		}
	done <<-'END'
		below 0 7 21 1700000000000
		start 0 100 21 1700000000000
		inside 0 105 16 1700000000000
		marker 0 110 11 1500000000000
		hole 0 115 6 1500000000000
		last 0 120 1 1500000000000
		end 0 121 0 0
		future 1 0 1 0
	END
	run3 klog-group describe --json -g future made
	[ "$(jq -s '.[0].lag, .[0].committed' "$OUT")" = $'21\nnull' ]
}

@test "describe: several groups and topics; one that fails" {
	orders
	echo '2 0 -1' | klog-group import -g audit orders
	klog-topic create other
	echo '0 0 -1' | klog-group import -g solo other
	run3 klog-group describe other orders
	is_status 0
	cp "$OUT" got
	run3 grep -n group= got
	is_out "1:$T/other  group=solo  partitions=1  members=0
5:$T/orders  group=audit  partitions=3  members=0
11:$T/orders  group=billing  partitions=3  members=0"
	run3 klog-group describe --json -g billing other orders
	is_status 3
	is_err "klog-group: $T/other/groups/billing: no such group"
	[ "$(wc -l <"$OUT")" -eq 3 ]
}

@test "describe: damaged offsets and records" {
	orders
	printf x | dd of=orders/groups/billing/offsets/0 bs=1 seek=10 \
	    conv=notrunc status=none
	printf x | dd of=orders/groups/billing/offsets/0 bs=1 seek=4106 \
	    conv=notrunc status=none
	printf X | dd of=orders/1/00000000000000000000.log bs=1 seek=70 \
	    conv=notrunc status=none
	echo '1 0 -1' | klog-group import -g late orders
	run3 klog-group describe --json -g billing orders
	is_status 4
	is_err "klog-group: $T/orders/groups/billing/offsets/0: neither line is a committed offset"
	[ "$(wc -l <"$OUT")" -eq 2 ]
	run3 klog-group describe --json -g late orders
	is_status 4
	err_like "^klog-group: $T/orders/1/0{20}.log: position 0: offset 0: "
	run3 klog-group export -g billing orders
	is_status 4
}

# ---- delete ----

@test "delete: this group and no other" {
	orders
	echo '0 0 -1' | klog-group import -g other orders
	run3 klog-group delete -g billing orders
	is_status 0
	is_out ''
	is_err ''
	[ "$(ls -A orders/groups)" = other ]
	run3 klog-group delete -v -g other orders
	is_err "klog-group: $T/orders/groups/other: deleted"
	run3 klog-group delete -g other orders
	is_status 3
	is_err "klog-group: $T/orders/groups/other: no such group"
	run3 klog-consume -c orders
	is_out 15
}

@test "delete: refused while a member lives, but with --force" {
	orders
	member orders billing 0
	run3 klog-group delete -g billing orders
	is_status 5
	is_out ''
	is_err "klog-group: $T/orders/groups/billing: is being read by process 4711 on far (--force changes it all the same)"
	run3 klog-group export -g billing orders
	is_out $'0 4 0\n1 5 0'
	run3 klog-group delete --force -g billing orders
	member_dies
	is_status 0
	is_err ''
	run3 klog-group list orders
	is_out ''
}

# ---- wait ----

@test "wait: what is read already" {
	orders
	run3 klog-group wait -g billing --lag 6 orders
	is_status 0
	is_out ''
	is_err ''
	echo '0 10 0' | klog-group import -g billing orders
	run3 klog-group wait -g billing orders
	is_status 0
}

@test "wait: --timeout" {
	orders
	run3 klog-group wait -g billing --lag 5 --timeout 20ms orders
	is_status 5
	is_out ''
	is_err "klog-group: $T/orders/groups/billing: partition 0: the lag is still 6 after 20ms"
	run3 klog-group wait -g billing --timeout 0 orders
	is_status 5
	for bad in -1 1x ''; do
		run3 klog-group wait -g billing --timeout "$bad" orders
		is_status 2
		run3 klog-group wait -g billing --lag "$bad" orders
		is_status 2
	done
}

@test "wait: until the last partition is read" {
	orders
	seq 3 | klog-produce -p 2 orders
	klog-group wait -g billing --timeout 20s orders &
	for line in '0 9 0' '2 3 0' '0 10 0'; do
		echo "$line" | klog-group import -g billing orders
		[ "$line" = '0 10 0' ] || kill -0 "$!"
	done
	wait "$!"
}

@test "wait: partitions that are added count; a group that goes ends it" {
	traceable
	orders
	mkfifo trace
	strace -qq -e trace=poll -o trace klog-group wait -g billing \
	    --timeout 20s orders 2>err 3>&- &
	exec 8<trace
	# It has looked and is about to sleep.
	read -rn 4 _ <&8
	klog-topic alter -q -p 4 orders
	seq 2 | klog-produce -p 3 orders
	echo '0 10 0' | klog-group import -g billing orders
	kill -0 "$!"
	klog-group delete -g billing orders
	status=0
	wait "$!" || status=$?
	exec 8<&-
	[ "$status" -eq 3 ]
	[ "$(cat err)" = "klog-group: $T/orders/groups/billing: no such group" ]
}

@test "wait: it sleeps, it does not look again and again" {
	traceable
	orders
	run3 strace -qq -e trace=poll,ppoll,clock_nanosleep -o calls \
	    klog-group wait -g billing --timeout 300ms orders
	is_status 5
	[ "$(grep -c . calls)" -eq 1 ]
}

# ---- pause, resume ----

@test "pause and resume: also with live members, and twice" {
	orders
	member orders billing 0
	for _ in 1 2; do
		run3 klog-group pause -g billing orders
		is_status 0
		is_out ''
		is_err ''
		[ -f orders/groups/billing/paused ]
	done
	run3 klog-group resume -v -g billing orders
	is_err "klog-group: $T/orders/groups/billing: resumed"
	[ ! -e orders/groups/billing/paused ]
	run3 klog-group resume -g billing orders
	is_status 0
	run3 klog-group pause -v -g billing orders
	is_err "klog-group: $T/orders/groups/billing: paused"
	member_dies
}

# ---- who may what, where it goes ----

@test "reading needs no more than permission to read" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to be somebody else"
	orders
	chmod 755 "$T"
	find orders -printf '%p %T@\n' | sort >before
	for words in 'list --json' 'describe -g billing' 'export -g billing' \
	    'wait --lag 6 -g billing' check 'reset --dry-run -g billing --to 0'; do
		# shellcheck disable=SC2086
		run3 setpriv --reuid=65534 --regid=65534 --clear-groups \
		    klog-group $words orders
		is_status 0
		is_err ''
	done
	for words in delete pause 'reset --to 0'; do
		# shellcheck disable=SC2086
		run3 setpriv --reuid=65534 --regid=65534 --clear-groups \
		    klog-group $words -g billing orders
		is_status 3
		is_out ''
		err_like ': Permission denied$'
	done
	find orders -printf '%p %T@\n' | sort | cmp before -
}

@test "a full or closed stdout" {
	orders
	for words in list describe 'export -g billing' check \
	    'reset -g billing --to 0' 'check --format prometheus'; do
		status=0
		# shellcheck disable=SC2086
		klog-group $words orders >/dev/full 2>err || status=$?
		is_status 3
		[ "$(cat err)" = 'klog-group: stdout: No space left on device' ]
		status=0
		# shellcheck disable=SC2086
		klog-group $words orders >&- 2>err || status=$?
		is_status 3
		[ "$(cat err)" = 'klog-group: stdout: Bad file descriptor' ]
	done
}

@test "the examples of the manual page run" {
	examples_run klog-group.1
}
