#!/usr/bin/env bats
# klog-consume -f: everything that happens while it waits.

load consume

# follow ARGUMENT...: klog-consume -f in the background as $pid; its stdout is
# descriptor 9, its stderr the file err.
follow() {
	rm -f pipe
	mkfifo pipe
	env --default-signal=INT klog-consume -f "$@" >pipe 2>err 9<&- &
	pid=$!
	exec 9<pipe
}

# reads LINE...: these come next.
reads() {
	local got want

	for want; do
		read -r -t 20 got <&9 || { echo "no $want"; cat err; return 1; }
		[ "$got" = "$want" ] || { echo "$got, not $want"; return 1; }
	done
}

# asleep: it waits in the kernel for something to happen.
asleep() {
	grep -q 'poll' "/proc/$pid/wchan"
}

@test "a record comes at once; SIGTERM ends it" {
	seq 3 | klog-produce --create t
	follow t
	reads 1 2 3
	until_true asleep
	for i in 4 5 6; do
		echo "$i" | klog-produce --linger 0ms t
		reads "$i"
	done
	kill "$pid"
	ends 143
	[ ! -s err ]
}

@test "a signal at any moment is noticed" {
	echo 1 | klog-produce --create t
	for _ in $(seq 100); do
		follow t
		reads 1
		kill "$pid"
		ends 143
	done
}

@test "SIGINT ends it with 130; an empty topic" {
	klog-topic create -p 3 t
	follow t
	until_true asleep
	kill -INT "$pid"
	ends 130
	[ ! -s err ]
}

@test "-o end: only what comes" {
	seq 3 | klog-produce --create t
	follow -o end t
	until_true asleep
	echo new | klog-produce t
	reads new
	kill "$pid"
	ends 143
}

@test "-n and -o A:B end it" {
	seq 3 | klog-produce --create t
	follow -n 5 t
	reads 1 2 3
	seq 4 9 | klog-produce t
	reads 4 5
	ends 0
	follow -o 8:11 t
	reads 9
	seq 10 20 | klog-produce t
	reads 10 11
	ends 0
	follow -o 19 t
	reads 20
	kill "$pid"
	ends 143
}

@test "-o N that is not there yet" {
	seq 3 | klog-produce --create t
	follow -o 5 t
	until_true asleep
	seq 4 7 | klog-produce t
	reads 6 7
	kill "$pid"
	ends 143
}

@test "--timeout: 5 if nothing came, else 0" {
	seq 3 | klog-produce --create t
	consume -f --timeout 50ms t
	is_status 0
	is_out $'1\n2\n3'
	is_err ''
	consume -f -o end --timeout 50ms t
	is_status 5
	is_out ''
	is_err 'klog-consume: nothing came in time'
	consume -f -o :3 --timeout 1h t
	is_status 0
	is_out $'1\n2\n3'
	consume -f -c --timeout 50ms t
	is_status 0
	is_out 3
	refused '-c: would never print: with -f it needs -n, --timeout or an end' \
		-f -c t
}

@test "--until: ends when that time has come" {
	seq 3 | klog-produce --create t
	consume -f --until $(($(date +%s%3N) + 300)) t
	is_status 0
	is_out $'1\n2\n3'
	is_err ''
}

@test "--last and --merge, then what comes" {
	numbers t 3 9
	follow --last 2 t
	reads 8 9
	echo new | klog-produce t
	reads new
	kill "$pid"
	ends 143
	follow --merge t
	reads 1 2 3 4 5 6 7 8 9 new
	echo newer | klog-produce t
	reads newer
	kill "$pid"
	ends 143
}

@test "new segments" {
	klog-topic create -c segment.bytes=4k t
	follow t
	seq -f 'a line that is a little longer, number %.0f' 200 >lines
	while read -r i; do
		echo "$i" | klog-produce -z none -a 0 t
	done <lines
	mapfile -t all <lines
	reads "${all[@]}"
	[ "$(find t/0 -name '*.log' | wc -l)" -gt 5 ]
	kill "$pid"
	ends 143
	[ ! -s err ]
}

@test "new partitions" {
	klog-topic create t
	follow t
	until_true asleep
	klog-topic alter -p 3 t 2>/dev/null
	echo two | klog-produce -p 2 t
	reads two
	echo one | klog-produce -p 1 t
	reads one
	echo zero | klog-produce -p 0 t
	reads zero
	kill "$pid"
	ends 143
}

@test "-k: the key may move when partitions are added" {
	klog-topic create t
	echo k:1 | klog-produce -K : t
	follow -k k t
	reads 1
	klog-topic alter -p 17 t 2>/dev/null
	printf 'k:2\nother:x\n' | klog-produce -K : t
	reads 2
	echo k:3 | klog-produce -K : t
	reads 3
	kill "$pid"
	ends 143
}

@test "the topic is deleted" {
	seq 3 | klog-produce --create --partitions 2 t
	follow t
	for _ in 1 2 3; do
		read -r -t 20 _ <&9
	done
	until_true asleep
	klog-topic delete -f t
	ends 3
	[ "$(cat err)" = "klog-consume: $T/t: topic was deleted" ]
}

@test "old segments vanish under a reader that is behind" {
	python '
log = Log()
for i in range(9):
    batch(log, *["%d" % (i * 10 + n) for n in range(10)])
    log.roll()
write_topic("t", [log])'
	follow --rate 100/s t
	reads 0 1 2
	find t/0 -name '0*' ! -name '*80.*' ! -name '*90.*' -type f -delete
	until [ "${got:-}" = 89 ]; do
		read -r -t 20 got <&9
	done
	kill "$pid"
	ends 143
	# What had been read ahead was printed; then the gap is told, once.
	[ "$(wc -l <err)" -le 1 ]
	[ ! -s err ] || grep -Eq "^klog-consume: $T/t/0: skipped [1-8]0 offsets that are gone, going on at offset 80$" err
}

@test "segments that vanish before they are read: how many is told" {
	python '
log = Log()
for i in range(30):
    batch(log, "x" * 1000)
    log.roll()
write_topic("t", [log])'
	follow --rate 10/s t
	read -r -t 20 _ <&9
	# All at once.
	kill -STOP "$pid"
	find t/0 -name '000000000000000000[01]?.*' -delete
	rm -f t/0/0000000000000000002[0-4].*
	kill -CONT "$pid"
	read -r -t 20 _ <&9
	until_true grep -q . err
	[[ $(cat err) =~ ^"klog-consume: $T/t/0: skipped "([0-9]+)" offsets that are gone, going on at offset 25"$ ]]
	[ "${BASH_REMATCH[1]}" -gt 0 ]
	[ "${BASH_REMATCH[1]}" -le 24 ]
	kill "$pid"
	ends 143
}

@test "an idle follower makes no system call" {
	[[ $KLOG_BIN != */valgrind/* ]] || skip "valgrind makes its own"
	export ASAN_OPTIONS=detect_leaks=0
	seq 3 | klog-produce --create --partitions 4 t
	follow t
	for _ in 1 2 3; do
		read -r -t 20 _ <&9
	done
	until_true asleep
	ticks=$(cut -d' ' -f14,15 "/proc/$pid/stat")
	timeout 1 strace -f -o trace -p "$pid" || true
	[ "$(grep -c 'poll' trace)" -le 1 ]
	[ "$(grep -cvE 'poll|futex|restart_syscall|detached|\+\+\+|---' trace)" -eq 0 ] || {
		cat trace
		return 1
	}
	[ "$(cut -d' ' -f14,15 "/proc/$pid/stat")" = "$ticks" ]
	echo x | klog-produce t
	reads x
	kill "$pid"
	ends 143
}

@test "a writer that died between write and publish holds nobody up" {
	klog-topic create -p 2 t
	echo a | klog-produce -p 0 t
	follow t
	reads a
	until_true asleep
	# A kill leaves the page busy.
	echo b | timeout 20 strace -qq -o /dev/null -e trace=pwritev,pwrite64,pwritev2 \
		-e inject=pwritev,pwrite64,pwritev2:signal=KILL:when=1 \
		klog-produce -z none -p 0 t || true
	echo c | klog-produce -p 1 t
	reads c
	echo d | klog-produce -p 0 t
	read -r -t 20 got <&9
	[ "$got" = d ] || { [ "$got" = b ] && reads d; }
	kill "$pid"
	ends 143
}

@test "without inotify it looks now and then" {
	cat >no.c <<-'END'
		#include <errno.h>
		int inotify_init1(int flags);
		int
		inotify_init1(int flags)
		{
			(void)flags;
			errno = EMFILE;
			return -1;
		}
	END
	gcc -shared -fPIC -o no.so no.c
	if nm -D "$KLOG_BIN/klog-consume" 2>/dev/null | grep -q __asan; then
		skip "the sanitizer wants to be preloaded first"
	fi
	seq 2 | klog-produce --create t
	LD_PRELOAD=$T/no.so follow t
	reads 1 2
	echo 3 | klog-produce t
	reads 3
	klog-topic alter -p 2 t 2>/dev/null
	echo 4 | klog-produce -p 1 t
	reads 4
	klog-topic delete -f t
	ends 3
	[ "$(cat err)" = "klog-consume: $T/t: topic was deleted" ]
}

@test "it ends when the reader of stdout goes away, though nothing comes" {
	seq 3 | klog-produce --create t
	follow t
	reads 1 2 3
	until_true asleep
	exec 9<&-
	ends 141
	[ ! -s err ]
}

@test "a hundred partitions" {
	klog-topic create -p 100 t
	follow -F '%p %s\n' t
	until_true asleep
	for p in 0 37 99 37; do
		echo "$p" | klog-produce -p "$p" t
		reads "$p $p"
	done
	seq 1000 | klog-produce --partitioner roundrobin t
	for _ in $(seq 1000); do
		read -r -t 20 _ got <&9
		echo "$got"
	done | sort -n | cmp - <(seq 1000)
	kill "$pid"
	ends 143
}

@test "several topics" {
	klog-topic create a b
	follow -F '%t %s\n' a b
	until_true asleep
	echo 1 | klog-produce b
	reads 'b 1'
	echo 2 | klog-produce a
	reads 'a 2'
	kill "$pid"
	ends 143
}

@test "damage that comes: 4; --skip-corrupt goes on" {
	seq 3 | klog-produce --create t
	follow t
	reads 1 2 3
	until_true asleep
	size=$(stat -c %s "t/0/$LOG")
	kill -STOP "$pid"
	seq 100 199 | klog-produce -z none t
	printf '?' | dd of="t/0/$LOG" bs=1 seek=$((size + 80)) conv=notrunc \
		status=none
	kill -CONT "$pid"
	ends 4
	grep -q "^klog-consume: $T/t/0/$LOG: position $size: offset 3: " err
	follow --skip-corrupt t
	reads 1 2 3
	echo after | klog-produce t
	reads after
	grep -q "skipped offsets 3 to 102$" err
	kill "$pid"
	ends 143
}
