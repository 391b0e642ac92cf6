#!/usr/bin/env bats
# klog-clean: compaction as users see it, and --reduce.  What compaction keeps
# is tested elsewhere.
# shellcheck disable=SC2016,SC2001 # shells in shells; sed says it

load helper
load clean

# rounds N [FROM]: on each day FROM (1) to N of January 100 keys k0 to k99, with
# the day as value, on the compacted topic c: a segment.
rounds() {
	local round

	for round in $(seq "${2:-1}" "$1"); do
		seq -f "k%g:$round" 0 99 |
			klog-produce -K : -z none -t "2026-01-0$round" c || return 1
	done
}

make_c() {
	klog-topic create -c cleanup.policy=compact -c segment.ms=12h "$@" c
}

# values KEY: of the topic, on one line.
values() {
	klog-consume -k "$1" c | paste -sd ' '
}

@test "compacted when enough of it is new, and said so" {
	make_c
	rounds 3
	[ "$(segments c/0)" = '0 100 200' ]
	run3 klog-clean -n c
	is_status 0
	is_err ''
	is_out "$T/c/0: would be compacted: 2 segments, $(du_of c/0 0 100): 1.00 of it was new, min.cleanable.dirty.ratio is 0.50
$T/c: nothing to remove; would compact 1 partition, $(du_of c/0 0 100)"
	[ "$(klog-consume -c c)" -eq 300 ]
	run3 klog-clean -v c
	is_status 0
	is_err ''
	out_like "^$T/c/0: compacted: 200 records to 100, 2\.3k to 1\.[0-9]k, 2 segments to 1: 1\.00 of it was new, min\.cleanable\.dirty\.ratio is 0\.50
$T/c: nothing to remove; compacted 1 partition, 2\.3k to 1\.[0-9]k\$"
	[ "$(values k7)" = '2 3' ]
	run3 klog-clean -v c
	is_status 0
	is_out "$T/c: nothing to remove; nothing to compact"
	is_err "klog-clean: $T/c/0: not compacted: all that may be is compacted"
	run3 klog-check c
	is_status 0
	run3 klog-clean -v --retain-only c
	is_out "$T/c: nothing to remove"
	is_err ''
	run3 klog-clean --compact-only c
	is_out "$T/c: nothing to compact"
}

# du_of FOLDER BASE...: the size of these segments as klog prints it (1k-10k).
du_of() {
	local base sum=0

	for base in "${@:2}"; do
		sum=$((sum + $(stat -c %s "$(log "$1" "$base")")))
	done
	echo "$((sum * 10 / 1024))" | sed 's/\(.\)$/.\1k/'
}

@test "below the ratio, min.compaction.lag.ms, --force, --json" {
	make_c -c min.cleanable.dirty.ratio=0.9
	rounds 3
	klog-clean -q c
	rounds 5 4
	run3 klog-clean -v c
	is_status 0
	err_like "^klog-clean: $T/c/0: not compacted: 0\.[0-9]+ of it is new, min\.cleanable\.dirty\.ratio is 0\.90\$"
	run3 klog-clean --json c
	out_like '^\{"topic":"c","partition":0,"compacted":false,"reason":"below_ratio","clean_bytes":[0-9]+,"dirty_bytes":[0-9]+\}
\{"topic":"c","segments":0,"bytes":0,"by_start":0,"by_size":0,"by_time":0,"compacted":0,"bytes_before":0,"bytes_after":0,"dry_run":false\}$'
	run3 klog-clean --force --json c
	is_status 0
	[ "$(jq -s '.[0].compacted, .[0].reason, .[1].compacted' "$OUT" |
		paste -sd ' ')" = 'true "forced" 1' ]
	klog-topic alter -c min.compaction.lag.ms=10d c
	rounds 7 6
	run3 klog-clean --force --json --now 2026-01-08 c
	is_status 0
	# Only what was compacted before.
	[ "$(jq -s '.[0].dirty_bytes' "$OUT")" -eq 0 ]
}

@test "--roll: what is being written to is compacted too, if that is due" {
	klog-topic create -c cleanup.policy=compact c
	rounds 3
	run3 klog-clean -v c
	is_status 0
	is_out "$T/c: nothing to remove; nothing to compact"
	is_err "klog-clean: $T/c/0: not compacted: no segment may be compacted yet: the one that is written to (--roll closes it), and what is too young, or on too few copies, never is"
	run3 klog-clean -n --roll c
	is_status 0
	is_out "$T/c/0: would be compacted: 1 segment, $(du_of c/0 0): 1.00 of it was new, min.cleanable.dirty.ratio is 0.50
$T/c: nothing to remove; would compact 1 partition, $(du_of c/0 0)"
	[ "$(segments c/0)" = 0 ]
	# A producer that has the log is waited for, for so long.
	run3 flock c/0/lock klog-clean --roll --timeout 50ms c
	is_status 5
	err_like "^klog-clean: $T/c/0/lock: locked by process [0-9]+ \(flock\)\$"
	[ "$(segments c/0)" = 0 ]
	run3 klog-clean -v --roll c
	is_status 0
	is_err ''
	out_like "^$T/c/0: compacted: 300 records to 100, 3\.[0-9]k to 1\.[0-9]k, 1 segment to 1: 1\.00 of it was new, min\.cleanable\.dirty\.ratio is 0\.50
$T/c: nothing to remove; compacted 1 partition, 3\.[0-9]k to 1\.[0-9]k\$"
	[ "$(segments c/0)" = '0 300' ]
	[ "$(values k7)" = 3 ]
	# Nothing was written since; then too little.
	run3 klog-clean -v --roll c
	is_err "klog-clean: $T/c/0: not compacted: all that may be is compacted"
	echo k7:4 | klog-produce -K : c
	run3 klog-clean -q --roll c
	is_status 0
	[ "$(segments c/0)" = '0 300' ]
	# Where others lead it is done likewise.
	klog-topic seal -q c
	run3 klog-clean -q --force --roll c
	is_status 0
	is_err ''
	[ "$(segments c/0)" = '0 301' ]
	[ "$(values k7)" = 4 ]
	run3 klog-check c
	is_status 0
}

@test "--roll: a topic that is not compacted keeps its segments" {
	klog-topic create t
	days t 3
	run3 klog-clean -v --roll t
	is_status 0
	klog-topic alter -q -c retention.ms=-1 t
	echo x | klog-produce t
	run3 klog-clean --roll t
	is_status 0
	is_out "$T/t: nothing to remove"
	[ "$(segments t/0)" = 3 ]
}

@test "compact,delete: what is old goes first, the rest is compacted" {
	make_c
	rounds 6
	klog-topic alter -c cleanup.policy=compact,delete -c retention.ms=4d c
	run3 klog-clean --now 2026-01-06T12:00 c
	is_status 0
	out_like "^$T/c: removed 2 segments, 2\.3k: 2 by time; compacted 1 partition, 3\.[0-9]k to 1\.[0-9]k\$"
	[ "$(cat c/0/log-start-offset)" = 200 ]
	[ "$(values k7)" = '5 6' ]
	run3 klog-check c
	is_status 0
}

@test "compact,delete: a reader that is overtaken is told what it missed" {
	make_c -c cleanup.policy=compact,delete -c retention.ms=-1
	rounds 1
	klog-consume -f -F '%o\n' c >out 2>err &
	until_true sh -c '[ "$(wc -l <out)" -eq 100 ]'
	kill -STOP "$!"
	rounds 6 2
	klog-topic alter -q -c retention.ms=4d c
	klog-clean -q --now 2026-01-07T12:00 c
	[ "$(cat c/0/log-start-offset)" = 300 ]
	kill -CONT "$!"
	until_true sh -c '[ "$(tail -n 1 out)" = 599 ]'
	kill "$!"
	wait "$!" || true
	# Offsets 300 to 399 have a later value each.
	[ "$(cat err)" = "klog-consume: $T/c/0: skipped 200 offsets that are gone, going on at offset 400" ]
	[ "$(sed -n 101p out)" = 400 ]
}

@test "--reduce: a value made of all values of a key" {
	make_c
	rounds 5
	run3 klog-clean -f --reduce 'echo "$KLOG_TOPIC $KLOG_PARTITION $KLOG_KEY $(paste -sd +)"' c
	is_status 0
	is_err ''
	[ "$(values k42)" = 'c 0 k42 1+2+3+4 5' ]
	[ "$(klog-consume -c c)" -eq 200 ]
	klog-check c
	# Its offset and time are those of the last.
	[ "$(klog-consume -k k42 -F '%o %T' -n 1 c)" = '342 1767484800000' ]
}

@test "--reduce: NULs, tombstones, single values" {
	make_c
	printf 'a=1\n2\0b=x\0a=3\n4\0d=1\0d=\0d=2\0e=1\0e=2\0e=\0' |
		klog-produce -0 -K = -Z -t 2026-01-01 c
	rounds 1
	klog-topic alter -c segment.ms=1 c
	echo 'z:z' | klog-produce -K : -t 2026-02-02 c
	run3 klog-clean -0 -f --reduce 'tr "\0" ,' c
	is_status 0
	is_out ''
	is_err ''
	[ "$(values a)" = "1
2,3
4," ] || [ "$(klog-consume -k a c)" = $'1\n2,3\n4,' ]
	[ "$(values b)" = x ]
	[ "$(values d)" = 2 ]
	[ "$(klog-consume -Z -k e c)" = NULL ]
}

@test "--reduce: whatever fails leaves everything as it was" {
	local before

	make_c
	rounds 3
	before=$(sha256sum c/0/*.log)
	fails() {
		run3 klog-clean -f --reduce "$1" c
		is_status 3
		is_out "$T/c: nothing removed; nothing compacted"
		err_like "^klog-clean: $T/c/0: not compacted: --reduce: key \"k[0-9]+\": $2\$"
		[ "$(sha256sum c/0/*.log)" = "$before" ]
		[ -z "$(find c/0 -name '*.cleaned' -o -name swap)" ]
	}
	fails 'cat >/dev/null; exit 1' 'exit status 1'
	fails 'test $KLOG_KEY != k99 && echo 1' 'exit status 1'
	fails 'kill -9 $$' 'killed by signal 9 \(Killed\)'
	fails true 'it wrote nothing, not even an empty value'
	fails cat 'it wrote more than one value'
	fails 'head -c 2000000 /dev/zero' 'it wrote more than 1048588 bytes'
	# What never ends is not waited for.
	fails yes 'it wrote more than 1048588 bytes'
	fails 'yes | tr -d "\n"' 'it wrote more than 1048588 bytes'
	# Not reading is no failure; nothing is, for a command that is not run.
	run3 klog-clean -f --reduce 'echo' c
	is_status 0
	[ "$(values k1)" = ' 3' ]
	run3 klog-clean -f --reduce false c
	is_status 0
	run3 klog-check c
	is_status 0
}

@test "--reduce: a value with a newline needs -0; a signal stops it" {
	local before

	make_c
	printf 'a:1\n2\0a:3\0' | klog-produce -0 -K : -t 2026-01-01 c
	rounds 3
	before=$(sha256sum c/0/*.log)
	run3 klog-clean -f --reduce 'paste -sd,' c
	is_status 3
	is_err "klog-clean: $T/c/0: not compacted: --reduce: key \"a\": a value holds a newline; -0 ends values with a NUL"
	run3 klog-clean -0 -f --reduce 'kill -TERM $PPID; echo' c
	is_status 143
	is_err ''
	[ "$(sha256sum c/0/*.log)" = "$before" ]
}

@test "--reduce: a key with more values than are held in memory" {
	make_c
	seq -f 'hot:%010.0f and what makes the line longer than a number' 60000 |
		klog-produce -K : -t 2026-01-01 c
	rounds 2
	run3 klog-clean -f --memory 8M --reduce \
		'echo $(stat -Lc %F /dev/stdin) $(sha256sum)' c
	is_status 0
	is_err ''
	[ "$(values hot)" = "regular file $(
		seq -f '%010.0f and what makes the line longer than a number' \
			60000 | sha256sum | tr -s ' ')" ]
	[ -z "$(find c/0 -name '*.tmp')" ]
	klog-check c
}

@test "--reduce: a batch that would be too large" {
	local before

	make_c
	rounds 3
	before=$(sha256sum c/0/*.log)
	run3 klog-clean -f --reduce 'head -c 1000000 /dev/zero | tr "\0" x' c
	is_status 3
	err_like "^klog-clean: $T/c/0: offset [0-9]+, key \"k[0-9]+\": not compacted: with the value that it would get, the batch at offset [0-9]+ would be larger than 33554432 bytes; smaller values, or a larger max.message.bytes \(klog-topic alter\), help\$"
	[ "$(sha256sum c/0/*.log)" = "$before" ]
	klog-topic alter -c max.message.bytes=200M c
	klog-clean -q -f --reduce 'head -c 1000000 /dev/zero | tr "\0" x' c
	[ "$(klog-consume -k k1 c | head -1 | wc -c)" = 1000001 ]
	klog-check c
}
