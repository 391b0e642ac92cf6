#!/usr/bin/env bats
# klog-clean: the hook, groups that are waited for, signals, what goes wrong.
# shellcheck disable=SC2016 # shells in shells

load helper
load clean

# ---- --before-delete ----

@test "--before-delete: %f is the path, quoted, as often as it stands there" {
	mkdir "a b'c"
	export KLOG_DIR="$T/a b'c"
	klog-topic create t
	days t 10
	run3 klog-clean --before-delete 'test -s %f && cp %f "$KLOG_BASE.%s"' t
	is_status 0
	is_err ''
	[ "$(find . -name '*.%s' | sort)" = './0.%s
./8.%s' ]
	[ "$(wc -c <0.%s)" -eq 592 ]
	[ "$(segments "$KLOG_DIR/t/0")" = 10 ]
}

@test "--before-delete: without %f the path is an argument; environment, input, output" {
	klog-topic create -p 2 t
	echo x | klog-produce -p 1 -t 2026-01-01 t
	echo x | klog-produce -p 1 -t 2026-01-09 t
	cat >hook <<-'EOF'
		#!/bin/sh
		echo "$# $1 $KLOG_TOPIC $KLOG_PARTITION $KLOG_BASE $KLOG_END $(wc -c)"
	EOF
	chmod +x hook
	run3 klog-clean -v --before-delete ./hook t
	is_status 0
	is_err "1 $(log "$T/t/1" 0) t 1 0 1 0
1 $(log "$T/t/1" 1) t 1 1 2 0"
	[ "$(wc -l <"$OUT")" -eq 3 ]
	[ "$(segments t/1)" = 2 ]
}

@test "--before-delete: what fails stays, and all after it" {
	klog-topic create t
	days t
	run3 klog-clean -v --before-delete 'test $KLOG_BASE -lt 16 || exit 7;:' t
	is_status 3
	is_out "$(went "$T/t/0" 0 7 592 08 removed)
$(went "$T/t/0" 8 15 592 16 removed)
$T/t: removed 2 segments, 1.1k: 2 by time"
	is_err "klog-clean: $(log "$T/t/0" 16): stays, and so does what follows: --before-delete: exit status 7"
	[ "$(segments t/0)" = '16 24' ]
	[ "$(cat t/0/log-start-offset)" = 16 ]
	run3 klog-clean --before-delete 'kill -9 $$;:' t
	is_status 3
	is_err "klog-clean: $(log "$T/t/0" 16): stays, and so does what follows: --before-delete: killed by signal 9 (Killed)"
	run3 klog-clean --before-delete no-such-command t
	is_status 3
	err_like "stays, and so does what follows: --before-delete: exit status 127 \(no such command\)\$"
	# 75 is a failure as any other: cron comes again.
	run3 klog-clean --before-delete 'exit 75;:' t
	is_status 3
	err_like "--before-delete: exit status 75\$"
	[ "$(segments t/0)" = '16 24' ]
	# Other partitions and topics are cleaned nevertheless.
	klog-topic create u
	days u 8
	run3 klog-clean --before-delete 'test $KLOG_TOPIC = u && :' t u
	is_status 3
	is_out "$T/t: nothing removed
$T/u: removed 1 segment, 592: 1 by time"
}

@test "--before-delete: the last segment is sealed before the hook sees it" {
	klog-topic create t
	days t 3
	run3 klog-clean --before-delete 'ls t/0 | grep -c "log$" >&2; exit 1;:' t
	is_status 3
	[ "$(segments t/0)" = '0 3' ]
	# Nothing is lost by that: records follow.
	echo more | klog-produce t
	run3 klog-consume t
	is_out 'day 01
day 02
day 03
more'
	run3 klog-check t
	is_status 0
	run3 klog-clean --before-delete 'cp %f kept' t
	is_status 0
	[ "$(wc -c <kept)" -eq 222 ]
	[ "$(segments t/0)" = 3 ]
}

@test "--before-delete: what the hook leaves running holds no lock" {
	klog-topic create t
	days t 10
	mkfifo held
	# The reader of the fifo outlives klog-clean.
	run3 klog-clean --now 2026-01-16 --before-delete 'cat held >/dev/null 2>&1 & :;:' t
	is_status 0
	run3 klog-clean t
	is_status 0
	is_out "$T/t: removed 1 segment, 148: 1 by time"
	: >held
}

@test "--before-delete: a hook that takes long is told of" {
	klog-topic create t u
	days t 3
	days u 3
	mkfifo one two
	klog-clean --progress --before-delete 'read _ <one;:' t 2>line &
	klog-clean --before-delete 'read _ <two;:' u 2>message &
	until_true grep -q "klog-clean: --before-delete of t/0/0\{20\}\.log  [0-9]" line
	[ ! -s message ]
	timeout 60 sh -c 'until test -s message; do sleep 0.2; done'
	echo >one
	echo >two
	wait
	[ "$(cat message)" = "klog-clean: $(log "$T/u/0" 0): --before-delete has run for 30s, and goes on" ]
	[ "$(segments t/0) $(segments u/0)" = '3 3' ]
}

@test "--before-delete is not run with -n, nor for what stays" {
	klog-topic create t
	days t
	run3 klog-clean -n --before-delete 'touch ran;:' t
	is_status 0
	run3 klog-clean --now 2026-01-02 --before-delete 'touch ran;:' t
	is_status 0
	[ ! -e ran ]
}

# ---- signals ----

@test "asked to stop: the hook ends, its segment goes, no other" {
	klog-topic create t
	days t
	run3 klog-clean -v --before-delete 'kill -TERM $PPID; sleep 0.1;:' t
	is_status 143
	is_err ''
	[ "$(segments t/0)" = '8 16 24' ]
	out_like "^$(log "$T/t/0" 0): removed: "
	# ^C reaches the hook too: that says nothing about the segment.
	run3 klog-clean --before-delete 'kill -INT $PPID; kill -INT $$;:' t
	is_status 130
	is_err ''
	[ "$(segments t/0)" = '8 16 24' ]
	run3 klog-clean t
	is_status 0
	is_out "$T/t: removed 3 segments, 1.3k: 3 by time"
}

@test "killed between the log start and the files: the next run goes on" {
	klog-topic create t
	days t
	run3 strace -f -o /dev/null -e inject=unlinkat:signal=KILL:when=5 \
		klog-clean t
	is_status 137
	[ "$(cat t/0/log-start-offset)" = 27 ]
	run3 klog-consume t
	is_status 0
	is_out ''
	run3 klog-check t
	is_status 0
	run3 klog-clean t
	is_status 0
	out_like "below the log start\$"
	[ "$(segments t/0)" = 27 ]
	run3 klog-check t
	is_status 0
	[ "$(find t/0 -name '0000000000000000000[0-9].*')" = '' ]
}

# ---- --keep-unread ----

@test "--keep-unread: never past the slowest group" {
	klog-topic create t
	days t
	klog-consume -g fast t >/dev/null
	klog-consume -g slow -n 15 t >/dev/null
	klog-consume -g none -n 0 t >/dev/null
	run3 klog-clean -v --keep-unread t
	is_status 0
	is_out "$(went "$T/t/0" 0 7 592 08 removed)
$T/t: removed 1 segment, 592: 1 by time"
	is_err "klog-clean: $T/t/0: group none has committed nothing there and keeps nothing
klog-clean: $T/t/0: what follows stays until the slowest group is past offset 15"
	# All of the second is read now.
	klog-consume -g slow -n 1 t >/dev/null
	run3 klog-clean --keep-unread t
	is_status 0
	is_out "$T/t: removed 1 segment, 592: 1 by time"
	is_err ''
	[ "$(segments t/0)" = '16 24' ]
}

@test "--keep-unread: by size too, but not what lies below the log start" {
	klog-topic create -c retention.bytes=0 -c retention.ms=-1 t
	days t
	klog-consume -g slow -n 12 t >/dev/null
	echo 16 >t/0/log-start-offset
	run3 klog-clean -v --keep-unread t
	is_status 0
	is_out "$(log "$T/t/0" 0): removed: offsets 0 to 7, 592: it lies below the log start
$(log "$T/t/0" 8): removed: offsets 8 to 15, 592: it lies below the log start
$T/t: removed 2 segments, 1.1k: 2 below the log start"
	is_err "klog-clean: $T/t/0: what follows stays until the slowest group is past offset 12"
	klog-group delete -g slow t
	run3 klog-clean --keep-unread t
	is_out "$T/t: removed 2 segments, 814: 2 by size"
}

@test "--keep-unread: damaged commits keep everything" {
	klog-topic create t
	days t
	klog-consume -g g t >/dev/null
	head -c 8192 /dev/zero | tr '\0' x >t/groups/g/offsets/0
	run3 klog-clean --keep-unread t
	is_status 4
	[ "$(segments t/0)" = '0 8 16 24' ]
	# Of an only commit too, though a reader would begin anew.
	klog-group delete -g g t
	klog-consume -g g -n 12 t >/dev/null
	printf x | dd of=t/groups/g/offsets/0 conv=notrunc status=none
	run3 klog-clean --keep-unread t
	is_status 3
	is_out "$T/t: nothing removed"
	is_err "klog-clean: $T/t/0: stays: --keep-unread: $T/t/groups/g/offsets/0: its first commit is not whole: klog-group reset sets one"
	[ "$(segments t/0)" = '0 8 16 24' ]
	klog-group reset -q -g g --to 16 t
	klog-clean -q --keep-unread t
	[ "$(segments t/0)" = '16 24' ]
}

# ---- called wrongly, and what the system refuses ----

wrong() {
	run3 klog-clean "${@:2}"
	is_status 2
	is_out ''
	[ "$(head -n 1 "$ERR")" = "klog-clean: $1" ] || {
		cat "$ERR"
		return 1
	}
}

@test "called wrongly: one line, the usage, nothing touched" {
	klog-topic create t
	days t 8
	wrong '--retain-only and --compact-only exclude each other' \
		--retain-only --compact-only t
	wrong '--keep-unread has no meaning with --compact-only' \
		--compact-only --keep-unread t
	wrong '--before-delete has no meaning with --compact-only' \
		--compact-only --before-delete x t
	wrong '--force has no meaning with --retain-only' --retain-only -f t
	wrong '--reduce has no meaning with --retain-only' \
		--retain-only --reduce cat t
	wrong '--roll has no meaning with --retain-only' --retain-only --roll t
	wrong '--memory has no meaning with --retain-only' \
		--retain-only --memory 64M t
	wrong '--json and -0 exclude each other' --json -0 t
	wrong '--now: is a time to come: -n tells what would go, --force removes what is not old yet' --now +1h t
	wrong '--now: "7d" is not a time; that long ago is -7d, from now +7d' \
		--now 7d t
	wrong '--before-delete: is empty' --before-delete '' t
	wrong '--reduce: is empty' --reduce '' t
	wrong '"a/.." is not a topic'"'"'s name: only A-Z a-z 0-9 . _ - may be in it' \
		t a/..
	run3 klog-clean --memory 1M t
	is_status 2
	run3 klog-clean
	is_status 2
	[ "$(segments t/0)" = 0 ]
}

@test "a full disk, a full pipe, a folder that may not be written" {
	klog-topic create t
	days t
	run3 sh -c 'klog-clean --now 2026-01-16 t >/dev/full'
	is_status 3
	is_err 'klog-clean: stdout: No space left on device'
	[ "$(segments t/0)" = '8 16 24' ]
	run3 strace -f -o /dev/null -e inject=fdatasync:error=ENOSPC \
		klog-clean --now 2026-01-24T01:00 t
	is_status 3
	is_err "klog-clean: $T/t/0/.log-start-offset.tmp: No space left on device"
	[ "$(cat t/0/log-start-offset)" = 8 ]
	run3 strace -f -o /dev/null -e inject=unlinkat:error=EACCES:when=2+ \
		klog-clean --now 2026-01-24T01:00 t
	is_status 3
	is_err "klog-clean: $(log "$T/t/0" 8 | sed s/log$/index/): Permission denied"
	[ "$(segments t/0)" = '8 16 24' ]
	run3 klog-check t
	is_status 0
}

@test "--reduce needs a topic that is compacted" {
	klog-topic create t
	run3 klog-clean --reduce cat t
	is_status 3
	is_err "klog-clean: $T/t: cleanup.policy is delete: there is nothing for --reduce"
}

@test "a log start behind the end of the log is damage, and removes nothing" {
	klog-topic create t
	days t
	echo 9223372036854775807 >t/0/log-start-offset
	for n in '' -n; do
		run3 klog-clean $n t
		is_status 4
		is_out "$T/t: nothing removed"
		is_err "klog-clean: $T/t/0/log-start-offset: names offset 9223372036854775807, but the log ends at 27 (klog-check $T/t tells how to go on)"
		[ "$(segments t/0)" = '0 8 16 24' ]
	done
	run3 klog-topic trim -o end t
	is_status 4
	[ "$(segments t/0)" = '0 8 16 24' ]
	for program in klog-consume 'klog-consume -o end' 'klog-topic offsets' \
	    'klog-consume -o -3' 'klog-consume -g g'; do
		# shellcheck disable=SC2086 # words
		run3 $program t
		is_status 4
		err_like ": $T/t/0/log-start-offset: names offset 9223372036854775807, but the log ends at 27 \(klog-check "
	done
	run3 klog-check --repair=index t
	is_status 0
	grep -q 'log-start-offset: is now 0' "$OUT" "$ERR"
	run3 klog-check t
	is_status 0
	[ "$(klog-consume t | wc -l)" -eq 27 ]
}

# A topic of sealed segments and an active one on a disk without a free block.
full_disk() {
	[ "$(id -u)" -eq 0 ] || skip 'only root can mount'
	mkdir small
	mount -t tmpfs -o size=2m tmpfs small 2>/dev/null ||
		skip 'no tmpfs can be mounted here'
	klog-topic create -c segment.bytes=64k -c compression.type=none \
		"$@" small/t
	seq 40000 | klog-produce -t 2026-01-01 small/t
	! dd if=/dev/zero of=small/fill bs=1k 2>/dev/null
	read -ra bases <<<"$(segments small/t/0)"
	[ "${#bases[@]}" -gt 4 ]
}

@test "a full disk: sealed segments go by size, though nothing can be written" {
	full_disk -c retention.ms=-1 -c retention.bytes=200k
	run3 klog-clean small/t
	is_status 0
	is_err ''
	out_like '^small/t: removed [1-9] segments, .*: [1-9] by size$'
	[ "$(cat small/t/0/log-start-offset)" = "$(segments small/t/0 | cut -d' ' -f1)" ]
	run3 klog-check small/t
	is_status 0
	klog-consume small/t >out
	tail -n "$(wc -l <out)" <(seq 40000) | cmp - out
}

@test "a full disk: the active segment goes after those that make room" {
	full_disk
	run3 klog-clean small/t
	is_status 0
	is_err ''
	out_like "^small/t: removed ${#bases[@]} segments, .*: ${#bases[@]} by time\$"
	[ "$(segments small/t/0)" = 40000 ]
	run3 klog-check small/t
	is_status 0
}

@test "a full disk: killed while it makes room, it loses nothing" {
	full_disk -c retention.ms=-1 -c retention.bytes=200k
	run3 strace -f -o /dev/null -e inject=fsync:signal=KILL:when=1 \
		klog-clean small/t
	is_status 137
	[ ! -e small/t/0/log-start-offset ]
	klog-consume small/t >out
	seq 40000 | cmp - out
	run3 klog-clean small/t
	is_status 0
	run3 klog-check small/t
	is_status 0
}

@test "a full disk: klog-topic trim makes room too" {
	full_disk
	run3 klog-topic trim -o +10000 small/t
	is_status 0
	is_err ''
	[ "$(cat small/t/0/log-start-offset)" = 10000 ]
	run3 klog-check small/t
	is_status 0
	klog-consume small/t >out
	seq 10001 40000 | cmp - out
}
