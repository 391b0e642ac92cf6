#!/usr/bin/env bats
# klog-topic trim, and what readers say of records that are gone.

load helper
load clean

# trimmed PARTITION START OFFSETS SEGMENTS BYTES...: the table.
trimmed() {
	echo "PARTITION  START  OFFSETS  SEGMENTS  BYTES"
	printf '%9s  %5s  %7s  %8s  %5s\n' "$@"
}

@test "to an offset, whole segments go at once" {
	klog-topic create t
	days t
	run3 klog-topic trim -n -o 17 t
	is_status 0
	is_err ''
	is_out "$(trimmed 0 17 17 2 1184)"
	[ "$(segments t/0)" = '0 8 16 24' ]
	run3 klog-topic trim -o 17 t
	is_status 0
	is_err ''
	is_out "$(trimmed 0 17 17 2 1184)"
	[ "$(segments t/0)" = '16 24' ]
	run3 klog-consume t
	is_out "$(seq -f 'day %02g' 18 27)"
	# Further back is no change.
	run3 klog-topic trim -o 3 t
	is_status 0
	is_out "$(trimmed 0 17 0 0 0)"
	run3 klog-topic trim --json -o +7 t
	is_status 0
	is_out '{"topic":"t","partition":0,"before":17,"start":24,"segments":1,"bytes":592,"dry_run":false}'
	run3 klog-check t
	is_status 0
	is_err ''
}

@test "to a time, the newest, the end" {
	klog-topic create t
	days t
	run3 klog-topic trim -o @2026-01-10 t
	is_out "$(trimmed 0 9 9 1 592)"
	run3 klog-topic trim -o -3 t
	is_out "$(trimmed 0 24 15 2 1184)"
	run3 klog-topic trim -o end t
	is_status 0
	is_out "$(trimmed 0 27 3 1 222)"
	[ "$(segments t/0)" = 27 ]
	run3 klog-topic trim -o end t
	is_status 0
	is_out "$(trimmed 0 27 0 0 0)"
	run3 klog-topic trim -q -o @2099-01-01 t
	is_status 0
	is_out ''
	echo next | klog-produce t
	run3 klog-consume -F '%o %s\n' t
	is_out '27 next'
	run3 klog-check t
	is_status 0
}

@test "beyond the end it is refused; other partitions are trimmed" {
	klog-topic create -p 3 t
	for p in 0 0 2 2 2; do
		echo x | klog-produce -z none -p "$p" t
	done
	run3 klog-topic trim -o 3 -p 0,2 t
	is_status 3
	is_err "klog-topic: $T/t/0: nothing trimmed: ends at offset 2, before 3"
	is_out "$(trimmed 2 3 3 1 207)"
	run3 klog-topic trim -o 1 -p 0 t
	is_out "$(trimmed 0 1 1 0 0)"
	run3 klog-topic trim -o 1 -p 3 t
	is_status 3
	is_err "klog-topic: $T/t: has no partition 3; the last is 2"
	run3 klog-topic trim t
	is_status 2
	[ "$(head -n 1 "$ERR")" = 'klog-topic: -o is missing: where the log is to start' ]
	run3 klog-topic trim -o 1:2 t
	is_status 2
	[ "$(head -n 1 "$ERR")" = 'klog-topic: -o: only a start can be given: end, N, +N, -N or @TIME' ]
}

@test "a klog-clean that runs is not waited for; a sealed topic is trimmed" {
	klog-topic create t
	days t 10
	run3 flock t/0/clean.lock klog-topic trim -o 8 t
	is_status 5
	err_like "^klog-topic: $T/t/0/clean.lock: locked by process [0-9]+ \(flock\)\$"
	klog-topic seal t
	run3 klog-topic trim -o end t
	is_status 0
	is_out "$(trimmed 0 10 10 2 740)"
}

@test "killed before each file goes: all of it holds, or nothing" {
	local n start held=0

	for n in $(seq 12); do
		klog-topic delete -f --if-exists t
		klog-topic create t
		days t 20
		run3 strace -f -o /dev/null \
			-e inject=unlinkat:signal=KILL:when="$n" \
			klog-topic trim -o 18 t
		start=$(cat t/0/log-start-offset 2>/dev/null || echo 0)
		[ "$start" -eq 0 ] || held=$((held + 1))
		[ "$start" -eq 0 ] || [ "$start" -eq 18 ]
		[ "$status" -eq 137 ] || [ "$start" -eq 18 ]
		run3 klog-consume t
		is_status 0
		is_err ''
		is_out "$(seq -f 'day %02g' $((start + 1)) 20)"
		run3 klog-check t
		is_status 0
		run3 klog-clean --now 2026-01-01 t
		is_status 0
		[ "$start" -eq 0 ] || [ "$(segments t/0)" = 16 ]
	done
	[ "$held" -ge 6 ]
}

# ---- readers ----

# meanwhile BASE OPTIONS... -- COMMAND...: klog-consume reads t and needs two
# seconds to open segment BASE; COMMAND is run once it has printed a record.
# Its output goes to file got, its messages to err.
meanwhile() {
	local name options=() pid

	name=$(printf '%020d.log' "$1")
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	strace -f -o trace -P "$name" \
		-e inject=open,openat,openat2:delay_enter=2000000 \
		klog-consume --rate 50/s "${options[@]}" t >got 2>err &
	pid=$!
	until_true test -s got
	"${@:2}"
	wait "$pid"
}

# jumped START LINE...: got has the eight days of the first segment, then
# LINEs, and it was said what was skipped.
jumped() {
	{
		seq -f 'day %02g' 8
		[ $# -eq 1 ] || printf '%s\n' "${@:2}"
	} | diff - got
	echo "klog-consume: $T/t/0: skipped $(($1 - 8)) offsets that are gone," \
		"going on at offset $1" | diff - err
}

nine=('day 19' 'day 20' 'day 21' 'day 22' 'day 23' 'day 24' 'day 25' 'day 26'
	'day 27')

@test "a reader inside a removed segment reads it, then goes on at the start" {
	klog-topic create t
	days t
	meanwhile 8 -- klog-topic trim -q -o 18 t
	jumped 18 "${nine[@]}"
}

@test "the same where everything is removed, and where the topic is compacted" {
	klog-topic create -c cleanup.policy=compact,delete t
	for day in $(seq -f %02g 20); do
		echo "$day:day $day" | klog-produce -K : -t "2026-01-$day" t
	done
	meanwhile 8 -- klog-clean -q --retain-only t
	jumped 20
}

@test "a follower goes on with what comes after" {
	klog-topic create t
	days t 20
	meanwhile 8 -f -n 10 -- sh -c 'klog-topic trim -q -o end t &&
		printf "a\nb\n" | klog-produce t'
	jumped 20 a b
}

@test "where the log starts within a batch, what lies before is not given out" {
	klog-topic create -c segment.ms=1 t
	seq -f 'day %02g' 8 | klog-produce -t 2026-01-01 t
	seq -f 'day %02g' 9 17 | klog-produce -t 2026-01-02 t
	seq -f 'day %02g' 18 27 | klog-produce -t 2026-01-03 t
	[ "$(segments t/0)" = '0 8 17' ]
	meanwhile 8 -- klog-topic trim -q -o 18 t
	jumped 18 "${nine[@]}"
}

@test "in order of time" {
	klog-topic create t
	days t
	meanwhile 8 --merge -- klog-topic trim -q -o 18 t
	jumped 18 "${nine[@]}"
}

@test "backwards it ends with the segment that it had open" {
	klog-topic create t
	days t
	meanwhile 16 --reverse -- klog-topic trim -q -o 25 t
	seq -f 'day %02g' 27 -1 25 | diff - got
	[ "$(cat err)" = "klog-consume: $T/t/0: skipped 24 offsets that are gone, ending at offset 24" ]
}

@test "a member of a group; a group whose committed offset is gone" {
	klog-topic create t
	days t
	klog-consume -g late -n 3 t >/dev/null
	meanwhile 8 -g g -- klog-topic trim -q -o 18 t
	jumped 18 "${nine[@]}"
	run3 klog-consume -g g t
	is_status 0
	is_out ''
	is_err ''
	run3 klog-consume -g late t
	is_status 0
	is_out "$(printf '%s\n' "${nine[@]}")"
	is_err "klog-consume: $T/t/0: group late: the committed offset 3 is gone: skipped 15 offsets, going on at 18"
}
