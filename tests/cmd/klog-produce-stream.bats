#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031
# klog-produce on input that does not end: pauses, signals, growing files; and
# within narrow limits.

load produce

LOG=0/00000000000000000000.log

# start ARGUMENT...: klog-produce in the background as $pid, reading what is
# written to descriptor 8; stdout and stderr in the files out and err.
start() {
	mkfifo pipe
	# A shell starts background jobs with SIGINT ignored.
	env --default-signal=INT klog-produce "$@" <pipe >out 2>err 8>&- &
	pid=$!
	exec 8>pipe
}

# holds TOPIC N: the topic has N records.
holds() {
	[ "$(values "$1" 2>/dev/null | wc -l)" -eq "$2" ]
}

@test "linger: a line is in the log though stdin stays open" {
	topic t 1
	start -z none t
	echo one >&8
	until_true grep -q one "t/$LOG"
	echo two >&8
	until_true grep -q two "t/$LOG"
	printf 'thr' >&8
	echo four >other
	klog-produce t other
	printf 'ee\n' >&8
	until_true grep -q three "t/$LOG"
	exec 8>&-
	ends 0
	[ "$(values t | paste -sd' ')" = 'one two four three' ]
}

@test "linger: --report and --tee follow while stdin stays open" {
	topic t 1
	start --report='%s\n' t
	echo one >&8
	until_true grep -q one out
	exec 8>&-
	ends 0
	rm pipe
	start --tee --linger 1ms t
	echo two >&8
	until_true grep -q two out
	exec 8>&-
	ends 0
	[ "$(cat out)" = two ]
}

@test "a long linger keeps a batch together" {
	topic t 1
	start --linger 1h t
	seq 100 >&8
	sleep 0.1 # long for a batch, short for an hour
	seq 101 200 >&8
	exec 8>&-
	ends 0
	[ "$(log b.base t | sort -u)" = 0 ]
	[ "$(values t)" = "$(seq 200)" ]
}

@test "SIGINT, SIGTERM, SIGHUP: what was read is stored, exit 128 + n" {
	topic t 1
	for s in INT TERM HUP; do
		rm -f pipe
		start -z none --linger 1h --report='%s\n' t
		echo "$s" >&8
		# Read, but not sent: the linger is long.
		until_true unread_none
		kill -"$s" "$pid"
		ends $((128 + $(kill -l "$s")))
		exec 8>&-
		[ ! -s err ]
		[ "$(cat out)" = "$s" ]
	done
	[ "$(values t | paste -sd' ')" = 'INT TERM HUP' ]
}

# The pipe behind descriptor 8 is empty (FIONREAD).
unread_none() {
	python3 -c '
import array, fcntl, os, sys, termios
n = array.array("i", [1])
fd = os.open("pipe", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(fd, termios.FIONREAD, n)
sys.exit(n[0] != 0)'
}

@test "SIGTERM in mid-stream of a fast producer: a prefix is stored" {
	topic t 1
	mkfifo pipe
	klog-produce --report='%s\n' t <pipe >out 2>err &
	pid=$!
	seq 100000000 >pipe 2>/dev/null &
	until_true test -s out
	kill "$pid"
	ends 143
	[ ! -s err ]
	values t >got
	cmp got out
	head -n 1 got | grep -qx 1
	[ "$(tail -n 1 got)" -eq "$(wc -l <got)" ]
}

@test "SIGTERM while nobody reads stdout" {
	topic t 1
	mkfifo pipe full
	exec 7<>full
	head -c 1M /dev/zero | tr '\0' '\n' >in
	klog-produce --tee t <in >full 2>err 7>&- &
	pid=$!
	until_true holds_some_record
	until_true stopped
	ends 143
	exec 7>&-
	[ ! -s err ]
}

stopped() {
	! kill "$pid" 2>/dev/null || grep -q '^State:.Z' "/proc/$pid/status"
}

@test "kill -9: what was reported is there" {
	topic t 1
	start --report='%s\n' --batch-bytes 1k t
	seq 20000 >&8 &
	until_true test -s out
	kill -9 "$pid"
	wait "$pid" || true
	exec 8>&-
	# A line may have been cut.
	sed '$d' out >whole
	echo next | klog-produce t
	values t | head -n "$(wc -l <whole)" | cmp - whole
	[ "$(values t | tail -n 1)" = next ]
}

@test "--follow: what is added is stored; a line without end waits" {
	topic t 1
	printf 'a\nb' >file
	klog-produce --follow t file 2>err &
	pid=$!
	until_true holds t 1
	printf 'c\nd\n' >>file
	until_true holds t 3
	kill "$pid"
	ends 143
	[ "$(values t | paste -sd' ')" = 'a bc d' ]
	[ ! -s err ]
}

@test "--follow: a file that is truncated is read from its start" {
	topic t 1
	printf 'one\ntwo\nhalf a line' >file
	klog-produce --follow -J --on-error skip t file 2>err &
	pid=$!
	until_true grep -q 'line 2: ' err
	: >file
	until_true grep -q truncated err
	grep -qx 'klog-produce: file: was truncated, going on at its start' err
	echo '{"value":"new"}' >>file
	until_true holds t 1
	echo 'bad' >>file
	until_true grep -q '^klog-produce: file: line 2: .*(byte 1)$' err
	kill -TERM "$pid"
	ends 143
	[ "$(values t)" = new ]
}

@test "--follow -n: ends by itself" {
	topic t 1
	seq 3 >file
	klog-produce --follow -n 5 t file &
	pid=$!
	until_true holds t 3
	seq 4 9 >>file
	ends 0
	[ "$(values t)" = "$(seq 5)" ]
}

@test "--rate on a file: batches go out meanwhile" {
	topic t 1
	seq 100000 >file
	klog-produce --rate 1000 -z none t file 2>err &
	pid=$!
	until_true holds_some_record
	kill "$pid"
	ends 143
	values t >got
	[ "$(cat got)" = "$(seq "$(wc -l <got)")" ]
}

holds_some_record() {
	[ "$(stat -c %s "t/$LOG")" -gt 0 ]
}

@test "100 partitions with 64 descriptors and 32 MiB" {
	topic t 100
	seq 100000 | sed 's/.*/&:value of &/' >in
	python3 - <<-'END'
	import os, resource, subprocess
	env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
	limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
	subprocess.run(["klog-produce", "-K", ":", "t"], stdin=open("in"),
	               preexec_fn=limit, check=True, env=env)
	kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
	open("rss", "w").write(str(kb))
	END
	case $KLOG_BIN in
	*/asan/* | */valgrind/*) ;;
	*) [ "$(cat rss)" -le 32768 ] ;;
	esac
	values t | sort | cmp - <(cut -d: -f2 in | sort)
	[ "$(log p t | uniq | wc -l)" -eq 100 ]
}

@test "several producers at once: each one's order is kept" {
	topic t 1
	pids=()
	for i in 1 2 3 4; do
		seq 3000 | sed "s/^/$i /" |
			klog-produce --batch-bytes 1k t &
		pids+=("$!")
	done
	for p in "${pids[@]}"; do
		wait "$p"
	done
	values t >got
	[ "$(wc -l <got)" -eq 12000 ]
	for i in 1 2 3 4; do
		sed -n "s/^$i //p" got | cmp - <(seq 3000)
	done
}

@test "settings that are changed and partitions that are added hold at once" {
	klog-topic create t
	mkfifo in
	klog-produce -v -D ';' --partitioner roundrobin t <in 2>err 7>&- &
	pid=$!
	exec 7>in
	a=$(printf %0300d 0)
	printf '%s;' "$a" >&7
	until_true test -s t/0/00000000000000000000.log
	klog-topic alter -q -p 2 -c segment.ms=1 -c compression.type=none t
	# topic.conf is looked at once a second.
	sleep 1.1
	printf 'b%s;c%s;' "$a" "$a" >&7
	until_true test -s t/1/00000000000000000000.log
	klog-topic alter -q -c cleanup.policy=compact t
	sleep 1.1
	printf 'four;' >&7
	left=0
	wait "$pid" || left=$?
	exec 7>&-
	[ "$left" -eq 3 ]
	grep -q 'has no key, which a compacted topic needs' err
	grep -q '3 records' err
	run3 klog-consume -F '%s %p %a{compression}\n' t
	is_status 0
	sort "$OUT" | diff - <(printf '%s\n' "$a 0 zstd" "b$a 0 none" "c$a 1 none")
	run3 klog-check t
	is_status 0
}

@test "a topic that is deleted under a producer ends it" {
	klog-topic create t
	mkfifo in
	klog-produce t <in 2>err 7>&- &
	pid=$!
	exec 7>in
	echo one >&7
	until_true test -s t/0/00000000000000000000.log
	klog-topic delete -f t
	sleep 1.1
	echo two >&7
	left=0
	wait "$pid" || left=$?
	exec 7>&-
	[ "$left" -eq 3 ]
	grep -q 'topic was deleted' err
}
