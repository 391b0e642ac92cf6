#!/usr/bin/env bats
# klog-consume: what is missing, forbidden or damaged.

load consume

@test "no such topic, no topic, a file, a symlink" {
	consume missing
	is_status 3
	is_out ''
	is_err "klog-consume: $T/missing: no such topic"
	echo x >file
	consume file
	is_status 3
	is_err "klog-consume: $T/file: is not a topic: not a directory, or a symbolic link"
	mkdir empty
	consume empty
	is_status 3
	is_err "klog-consume: $T/empty: is not a topic: it has no topic.conf"
	numbers real 1 2
	ln -s real link
	consume link
	is_status 3
	is_out ''
	err_like '^klog-consume: .*/link: '
	consume real missing
	is_status 3
	is_out ''
}

@test "a bad name touches nothing" {
	consume 'a b'
	is_status 2
	consume ''
	is_status 2
	consume ..
	is_status 2
}

@test "a partition folder or its log is missing, or is not what it should be" {
	numbers t 2 4
	mv t/1 gone
	consume t
	is_status 3
	is_err "klog-consume: $T/t/1: No such file or directory"
	prints $'1\n3' -p 0 t
	mkdir t/1
	consume t
	is_status 4
	is_err "klog-consume: $T/t/1: has no segment (klog-check $T/t tells how to go on)"
	rmdir t/1
	mv gone t/1
	mv "t/0/$LOG" moved
	ln -s ../../moved "t/0/$LOG"
	consume t
	is_status 3
	is_out ''
	rm "t/0/$LOG"
	mkfifo "t/0/$LOG"
	consume t
	is_status 3
}

@test "no permission" {
	numbers t 1 3
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	chmod 755 "$T"
	chmod 700 t
	cp "$KLOG_BIN/klog-consume" prog
	chmod 755 prog
	run3 setpriv --reuid 65534 --regid 65534 --clear-groups \
		./prog "$T/t"
	is_status 3
	err_like 'Permission denied$'
}

@test "another user reads, and writes nothing" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	seq 1000 | klog-produce --create t
	chmod 755 "$T"
	chmod -R go=rX t
	cp "$KLOG_BIN/klog-consume" prog
	chmod 755 prog
	find t -printf '%p %s %T@ %C@ %i\n' | sort >before
	run3 setpriv --reuid 65534 --regid 65534 --clear-groups \
		./prog "$T/t"
	is_status 0
	is_err ''
	seq 1000 | cmp - "$OUT"
	run3 setpriv --reuid 65534 --regid 65534 --clear-groups \
		timeout 60 ./prog -f -n 3 "$T/t"
	is_status 0
	is_out $'1\n2\n3'
	# Without the state page, or unable to read it.
	chmod 600 t/0/state
	run3 setpriv --reuid 65534 --regid 65534 --clear-groups \
		./prog -o -1 "$T/t"
	is_status 0
	is_out 1000
	chmod 644 t/0/state
	find t ! -name state -printf '%p %s %T@ %C@ %i\n' | sort |
		diff <(grep -v /state before) -
}

@test "nothing is written by a reader" {
	seq 1000 | klog-produce --create t
	consume t
	[[ $KLOG_BIN != */valgrind/* ]] || skip "valgrind writes files"
	# The sanitizer cannot look for leaks while it is traced.
	export ASAN_OPTIONS=detect_leaks=0
	run3 timeout 60 strace -f -o trace -e trace=file,ftruncate,pwrite64,pwritev \
		klog-consume -f -n 1000 t
	is_status 0
	grep -qF .log trace
	run ! grep -E 'O_CREAT|O_TRUNC|O_WRONLY|O_RDWR|unlink|rename|mkdir|truncate|pwrite' \
		trace
}

# ---- the state page ----

@test "the state page is missing, stale, torn, of another boot" {
	seq 100 | klog-produce --create t
	cp t/0/state fresh
	seq 101 200 | klog-produce t
	cp t/0/state good
	# Not removed: the next file could get its inode number.
	mv t/0/state aside
	consume t
	seq 200 | cmp - "$OUT"
	# Another file than the page says it is.
	cp fresh t/0/state
	consume t
	seq 200 | cmp - "$OUT"
	head -c 100 good >t/0/state
	consume t
	seq 200 | cmp - "$OUT"
	head -c 4096 /dev/zero >t/0/state
	consume t
	is_err ''
	seq 200 | cmp - "$OUT"
	head -c 4096 /dev/urandom >t/0/state
	consume t
	seq 200 | cmp - "$OUT"
	: >t/0/state
	consume t
	seq 200 | cmp - "$OUT"
	prints $'199\n200' -o -2 t
}

@test "a torn tail is not there yet" {
	seq 100 | klog-produce --create t
	rm t/0/state
	for n in 1 11 30 61 70; do
		cp -r t "t$n"
		head -c "$n" "t/0/$LOG" >>"t$n/0/$LOG"
		consume "t$n"
		is_status 0
		is_err ''
		seq 100 | cmp - "$OUT"
	done
}

# ---- damage ----

# three: topic "d": batches 0-1, 2-3, 4-5 and an empty segment; $at is where
# the second batch begins.
three() {
	at=$(python '
log = Log()
batch(log, "a", "b")
at = len(log.segments[-1][1])
batch(log, "c", "d")
batch(log, "e", "f")
log.roll()
write_topic("d", [log])
print(at)')
	where=$T/d/0/$LOG
}

# flip POSITION: change one byte of the log.
flip() {
	python '
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    byte = f.read(1)[0]
    f.seek(-1, 1)
    f.write(bytes([byte ^ 0xff]))' "d/0/$LOG" "$1"
}

@test "damage: exit 4 naming file, position and offset, after what is good" {
	three
	flip $((at + 65))
	for how in '' --merge; do
		consume $how d
		is_status 4
		is_out $'a\nb'
		is_err "klog-consume: $where: position $at: offset 2: checksum mismatch or damaged header" ||
			err_like "^klog-consume: $where: position $at: offset 2: "
	done
	consume --reverse d
	is_status 4
	is_out $'f\ne'
	err_like "^klog-consume: $where: position $at: offset 2: "
	prints $'e\nf' -o 4 d
	prints $'a\nb' -o :2 d
}

@test "--skip-corrupt goes on behind it and says what was skipped" {
	three
	flip $((at + 65))
	for how in '' --merge '--last 9'; do
		# shellcheck disable=SC2086
		consume --skip-corrupt $how d
		is_status 0
		is_out $'a\nb\ne\nf'
		err_like "^klog-consume: $where: position $at: offset 2: "
		err_like "klog-consume: $T/d/0: skipped offsets 2 to 3(\$|
)"
	done
	consume --skip-corrupt --reverse d
	is_status 0
	is_out $'f\ne\nb\na'
	err_like "klog-consume: $T/d/0: skipped offsets 2 to 3(\$|
)"
	consume --skip-corrupt -c d
	is_status 0
	is_out 4
}

@test "--skip-corrupt: every byte of the middle batch in turn" {
	three
	cp "d/0/$LOG" good
	size=$at
	for ((i = at; i < at + size; i += 3)); do
		cp good "d/0/$LOG"
		flip "$i"
		consume --skip-corrupt d
		# Base offset and epoch are not under the checksum.
		[ "$i" -ge $((at + 8)) ] || continue
		[ "$i" -lt $((at + 12)) ] || [ "$i" -ge $((at + 16)) ] || continue
		is_status 0
		is_out $'a\nb\ne\nf'
		consume d
		is_status 4
		is_out $'a\nb'
	done
}

@test "--skip-corrupt: at the end of a segment" {
	python '
log = Log()
batch(log, "a")
batch(log, "b")
log.roll()
batch(log, "c")
write_topic("d", [log])'
	python '
with open("d/0/" + os.environ["LOG"], "r+b") as f:
    f.seek(-1, 2)
    f.write(b"?")'
	consume --skip-corrupt d
	is_status 0
	is_out $'a\nc'
	consume --skip-corrupt --reverse d
	is_status 0
	is_out $'c\na'
}

@test "a payload that does not unpack though its checksum is right" {
	at=$(python '
log = Log()
batch(log, "a")
at = len(log.segments[-1][1])
raw(log, "b", "c", codec=4, pack=lambda x: b"this is not zstd")
batch(log, "d")
write_topic("d", [log], indexes=False)
print(at)')
	where=$T/d/0/$LOG
	for how in '' --merge; do
		consume $how d
		is_status 4
		is_out a
		err_like "^klog-consume: $where: position $at: offset 1: "
		consume --skip-corrupt $how d
		is_status 0
		is_out $'a\nd'
		err_like "klog-consume: $T/d/0: skipped offsets 1 to 2(\$|
)"
	done
	consume --skip-corrupt --reverse d
	is_status 0
	is_out $'d\na'
	# Not looked into: the header tells how many there are.
	consume -c d
	is_status 0
	is_out 4
}

@test "records that are not records though the checksum is right" {
	python '
log = Log()
batch(log, "a")
raw(log, "b", "c", codec=1, pack=lambda x: gzip.compress(x[:-2]))
batch(log, "d")
write_topic("d", [log], indexes=False)'
	for how in '' --merge; do
		consume $how d
		is_status 4
		is_out $'a\nb'
		consume --skip-corrupt $how d
		is_status 0
		is_out $'a\nb\nd'
		err_like "klog-consume: $T/d/0: skipped offsets 2 to 2"
	done
	consume --skip-corrupt --reverse d
	is_status 0
	is_out $'d\na'
	err_like "klog-consume: $T/d/0: skipped offsets 1 to 2"
}

@test "damage between a transaction and its end" {
	python '
log = Log()
batch(log, "yes", pid=1, pepoch=0, sequence=0, transactional=True)
batch(log, "bad")
log.commit(1, 0, T)
batch(log, "end")
write_topic("d", [log])
at = open("d/0/" + os.environ["LOG"], "rb").read().index(b"bad")
with open("d/0/" + os.environ["LOG"], "r+b") as f:
    f.seek(at)
    f.write(b"BAD")'
	consume --skip-corrupt d
	is_status 0
	is_out $'yes\nend'
	consume d
	is_status 4
}

@test "a segment that is missing, emptied or cut between two batches" {
	klog-topic create -c segment.bytes=4k g
	seq 5000 | klog-produce -z none --batch-bytes 1k g
	log=$(find g -name '*.log' | sort | sed -n 4p)
	from=$(basename "$log" .log | sed 's/^0*//')
	to=$(find g -name '*.log' | sort | sed -n 5p)
	to=$(($(basename "$to" .log | sed 's/^0*//') - 1))
	cp -r g whole
	for how in 'rm' 'truncate -s 0'; do
		$how "$log"
		consume -c g
		is_status 4
		is_out ''
		is_err "klog-consume: $T/g/0: offsets $from to $to are missing (if they were compacted away: cleanup.policy should say so)"
		consume --reverse g
		is_status 4
		consume --skip-corrupt g
		is_status 0
		seq 5000 | sed "$((from + 1)),$((to + 1))d" | cmp - "$OUT"
		cp "whole${log#g}" "$log"
	done
	# Where something compacts, offsets that are missing are no damage.
	rm "$log"
	klog-topic alter -c cleanup.policy=compact g
	consume -c g
	is_status 0
	is_out $((5000 - (to - from + 1)))
}

@test "a base offset that is wrong, which no checksum covers" {
	klog-topic create t
	seq 3 | klog-produce t
	printf '\t' | dd of="t/0/$LOG" bs=1 seek=7 conv=notrunc status=none
	consume t
	is_status 4
	is_out ''
	is_err "klog-consume: $T/t/0/$LOG: position 0: offset 0: checksum mismatch or damaged header (klog-check $T/t tells how to go on)"
}

@test "a state page that tells lies cuts and hides nothing" {
	klog-topic create t
	seq 100 | klog-produce t
	python '
with open("t/0/state", "r+b") as f:
    page = bytearray(f.read())
    slot = page.index((os.path.getsize("t/0/" + os.environ["LOG"]))
                      .to_bytes(8, "little"))
    page[slot:slot + 8] = bytes(8)
    f.seek(0)
    f.write(page)'
	prints 100 -c t
	echo next | klog-produce t
	prints 101 -c t
}
