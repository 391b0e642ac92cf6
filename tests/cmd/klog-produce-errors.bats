#!/usr/bin/env bats
# klog-produce: what it refuses, and what is safe then.

load produce

usage='usage: klog-produce [options] TOPIC [FILE...]'

# refused_call TEXT ARGUMENT...: exit 2 with TEXT and the usage.
refused_call() {
	produce "${@:2}"
	is_status 2
	is_out ''
	is_err "klog-produce: $1
$usage"
}

# failed TEXT ARGUMENT...: exit 3 with TEXT.
failed() {
	produce "${@:2}"
	is_status 3
	is_err "klog-produce: $1"
}

@test "called wrongly: one line why, then the usage; nothing is touched" {
	topic t 2
	input 'a\n'
	run3 klog-produce
	is_status 2
	is_err "klog-produce: TOPIC is missing
$usage"
	refused_call 'unknown option --bogus' --bogus t
	refused_call 'unknown option -y' -y t
	refused_call '-p: "x" is not a number from 0 to 2147483647' -p x t
	refused_call '-p: "-1" is not a number from 0 to 2147483647' -p -1 t
	refused_call "-p: $T/t has partitions 0 to 1" -p 2 t
	refused_call '--partitions: goes with --create' --partitions 3 t
	refused_call 'only one of -0, -D, -F, -J, --framed and --whole can be given' \
	    -0 -J t
	refused_call 'only one of --tee and --report can be given' \
	    --tee --report t
	refused_call 'only one of -p and --keep-partition can be given' \
	    -J -p 1 --keep-partition t
	refused_call '--keep-partition: goes with -J or -F' --keep-partition t
	refused_call '--follow: takes one FILE' --follow t
	refused_call '--follow: takes one FILE' --follow t in in
	refused_call '--follow: standard input cannot be followed' --follow t -
	refused_call '--whole with --follow: a file that grows has no end' \
	    --whole --follow t in
	refused_call '-D: is empty' -D '' t
	refused_call '-K: is empty' -K '' t
	refused_call '-K goes with lines only; this form says itself what the key is' \
	    -J -K : t
	refused_call '-n: "1k" is not a number from 0 on' \
	    -n 1k t
	refused_call '--rate: "0" is not a number of records a second from 1 to 2147483647' \
	    --rate 0 t
	refused_call '--rate: "5/m" is not a number of records a second from 1 to 2147483647' \
	    --rate 5/m t
	refused_call '-z: "zip" is not one of none, gzip[:LEVEL], snappy, lz4, zstd[:LEVEL]' \
	    -z zip t
	refused_call '-z: "lz4:3": zstd has levels from -131072 to 22, gzip from 1 to 9, the others none' \
	    -z lz4:3 t
	KLOG_ACKS=2 refused_call 'KLOG_ACKS: "2" is not one of 0, 1, all' t
	KLOG_COMPRESSION=x refused_call 'KLOG_COMPRESSION: "x" is not one of none, gzip[:LEVEL], snappy, lz4, zstd[:LEVEL]' t
	refused_call '"a b" is not a topic'"'"'s name: only A-Z a-z 0-9 . _ - may be in it' 'a b'
	is_stored t ''
	for bad in '-a 2' '--linger 2h' '--linger x' '--batch-bytes 1' \
	    '--timeout -1' '-t yesterdayish' '-F %q' '-D \q' '-K \x1' \
	    '--report=%Q' '--key-json a' '--partitioner md5'; do
		# Two words.
		# shellcheck disable=SC2086
		produce $bad t
		is_status 2
		is_out ''
		[ "$(sed -n '$p' "$ERR")" = "$usage" ]
		[ "$(wc -l <"$ERR")" -eq 2 ]
	done
	is_stored t ''
}

@test "the topic is missing, a file, a link, a directory of another kind" {
	topic t 1
	input 'a\n'
	failed "$T/none: no such topic (--create makes it)" none
	: >file
	failed "$T/file: is not a topic: not a directory, or a symbolic link" file
	ln -s t link
	failed "$T/link: is not a topic: not a directory, or a symbolic link" link
	failed "$T/link: is not a topic: not a directory, or a symbolic link" \
	    --create link
	mkdir dir
	failed "$T/dir: is not a topic: it has no topic.conf" dir
	failed "$T/dir: is not a topic: it has no topic.conf" --create dir
	failed "no/t: no such topic (--create makes it)" no/t
	is_stored t ''
}

@test "a FILE that can't be read: nothing is stored, even of those before" {
	topic t 1
	input 'a\n'
	failed 'nofile: No such file or directory' t in nofile
	mkdir dir
	failed 'dir: is a directory' t in dir
	is_stored t ''
}

@test "without permission" {
	[ "$(id -u)" -eq 0 ] || skip 'only root can become somebody else'
	setpriv --reuid=65534 --clear-groups true ||
		skip 'setpriv may not change the user here'
	topic t 1
	echo kept | klog-produce t
	input 'a\n'
	chmod 755 "$T"
	as_nobody() { run3 setpriv --reuid=65534 --clear-groups "$@" <in; }
	as_nobody klog-produce t
	is_status 3
	is_err "klog-produce: $T/t/0/lock: Permission denied; 0 records are safe; go on from line 1 of stdin"
	as_nobody klog-produce --create u
	is_status 3
	err_like '^klog-produce: .*: Permission denied$'
	chmod 700 t
	as_nobody klog-produce t
	is_status 3
	err_like "^klog-produce: $T/t.*: Permission denied\$"
	is_stored t "0 0 null 'kept'"
	chmod 000 in
	run3 setpriv --reuid=65534 --clear-groups klog-produce t in
	is_status 3
	is_err 'klog-produce: in: Permission denied'
}

# ---- records that can't be taken ----

@test "bad JSON stops at its line; what came before is safe" {
	topic t 1
	input '{"value":"a"}\n{"value":"b"}\nnot JSON\n{"value":"c"}\n'
	produce -J t
	is_status 3
	err_like '^klog-produce: stdin: line 3: .*; 2 records are safe; go on from line 3 of stdin$'
	is_stored t "0 0 null 'a'
0 1 null 'b'"
	input '{"value":3}\n'
	failed 'stdin: line 1: "value" is not a string, null or {"base64":"..."}; 0 records are safe; go on from line 1 of stdin' \
	    -J t
}

@test "--acks 0: what came before is appended, and called so" {
	topic t 1
	input '{"value":"a"}\n[]\n'
	failed 'stdin: line 2: not a JSON object; 1 record is appended; go on from line 2 of stdin' \
	    -J -a 0 t
	is_stored t "0 0 null 'a'"
}

@test "lines are counted in each FILE" {
	topic t 1
	printf '{"value":"a"}\n{"value":"b"}' >one
	printf '{"value":"c"}\n[]\n' >two
	input ''
	failed 'two: line 2: not a JSON object; 3 records are safe; go on from line 2 of two' \
	    -J t one two
	failed 'two: line 2: not a JSON object; 1 record is safe; go on from line 2 of two' \
	    -J -p 0 t two
	[ "$(values t | paste -sd' ')" = 'a b c c' ]
}

@test "going on from the line that was named stores each line once" {
	topic t 3
	for i in $(seq 500); do
		[ "$i" = 333 ] && echo bad || echo "{\"key\":\"$i\",\"value\":\"$i\"}"
	done >in
	produce --batch-bytes 1k -J t
	is_status 3
	err_like 'go on from line 333 of stdin$'
	sed 333s/.*/'{"value":"333"}'/ in | tail -n +333 >rest
	klog-produce -J t rest
	[ "$(values t | sort -n)" = "$(seq 500)" ]
}

@test "--on-error skip: said, counted, passed over" {
	topic t 1
	input '{"value":"a"}\nbad\n{"value":"b"}\n{'
	produce -J --on-error skip t
	is_status 0
	[ "$(grep -c '^klog-produce: stdin: line [24]: ' "$ERR")" = 2 ]
	[ "$(tail -1 "$ERR")" = 'klog-produce: 2 records were not taken' ]
	[ "$(values t | paste -sd' ')" = 'a b' ]
	produce -q -J --on-error skip t
	is_status 0
	is_err ''
	produce -J --on-error stop t
	is_status 3
}

@test "--on-error FILE: the records as they came, each ended" {
	topic t 1
	echo before >errors
	input 'bad\n{"value":"b"}\n[1]'
	produce -q -J --on-error errors t
	is_status 0
	[ "$(cat errors)" = $'before\nbad\n[1]' ]
	produce -q -J --on-error errors t
	[ "$(cat errors)" = $'before\nbad\n[1]\nbad\n[1]' ]
	[ "$(values t | paste -sd' ')" = 'b b' ]
	failed "none/x: No such file or directory" -J --on-error none/x t
	[ "$(values t | paste -sd' ')" = 'b b' ]
}

@test "--on-error FILE that is full" {
	topic t 1
	input '{"value":"a"}\nbad\n{"value":"b"}\n'
	failed '/dev/full: No space left on device; 1 record is safe; go on from line 2 of stdin' \
	    -q -J --on-error /dev/full t
	[ "$(values t)" = a ]
}

@test "a record that is too large" {
	topic t 1 max.message.bytes=1000
	printf 'a\n%01000d\nb\n' 0 >in
	failed "stdin: line 2: larger than t's max.message.bytes (1000); 1 record is safe; go on from line 2 of stdin" t
	is_stored t "0 0 null 'a'"
	printf 'a\n%05000d\nb\n' 0 >in
	failed 'stdin: line 2: record too large: the limit is 1000 bytes; 1 record is safe; go on from line 2 of stdin' t
	produce -q --on-error skip t
	is_status 0
	[ "$(values t | paste -sd' ')" = 'a a a b' ]
	produce -q --on-error errors t
	is_status 0
	printf '%05000d\n' 0 | cmp - errors
	# The largest that fits: 61 bytes of header, 9 around the value.
	head -c 930 /dev/zero | tr '\0' x >in
	produce t
	is_status 0
	echo >>in
	head -c 931 /dev/zero | tr '\0' x >>in
	produce t
	is_status 3
	err_like '1 record is safe; go on from line 2'
}

@test "no key on a compacted topic" {
	topic t 1 cleanup.policy=compact
	input 'k:a\nb\nk:c\n'
	failed 'stdin: line 2: has no key, which a compacted topic needs; 1 record is safe; go on from line 2 of stdin' \
	    -K : t
	produce -K : --on-error skip t
	is_status 0
	is_err 'klog-produce: stdin: line 2: has no key, which a compacted topic needs
klog-produce: 1 record was not taken'
	[ "$(values t | paste -sd' ')" = 'a a c' ]
	input 'x\0'
	failed 'stdin: record 1: has no key, which a compacted topic needs; 0 records are safe; go on from record 1 of stdin' \
	    -0 t
}

@test "a partition that is not there, a time too far ahead" {
	topic t 2 message.timestamp.after.max.ms=3600000
	input '{"partition":1,"value":"a"}\n{"partition":2,"value":"b"}\n'
	failed 'stdin: line 2: partition 2 is not there, t has 2; 1 record is safe; go on from line 2 of stdin' \
	    -J --keep-partition t
	input 'a\n'
	failed 'stdin: line 1: its time is too far ahead of the clock (message.timestamp.after.max.ms); 0 records are safe; go on from line 1 of stdin' \
	    -t 2999-01-01 t
}

@test "--framed: a stream cut off stops; what came before is safe" {
	topic t 1
	input '\377\377\377\377\000\000\000\001v\000\000\000\000\000\000\000\000\000\000\000\001\000\000'
	failed 'stdin: record 2: cut off; 1 record is safe; go on from record 2 of stdin' \
	    --framed t
	is_stored t "0 0 null 'v'"
}

@test "--acks all with more copies than there are: busy" {
	topic t 1 min.insync.replicas=2
	input 'a\n'
	produce -a all t
	is_status 5
	is_err "klog-produce: $T/t/0: not enough in-sync replicas: 1 of 2 (min.insync.replicas): nothing more was written; 0 records are safe; go on from line 1 of stdin"
	is_stored t ''
	produce t
	is_status 0
}

# ---- stdout ----

@test "--report and --tee to a full or closed stdout: exit 3, all is safe" {
	topic t 1
	input 'a\nb\n'
	for how in --report --tee; do
		run3 sh -c "klog-produce $how t <in >/dev/full"
		is_status 3
		is_err 'klog-produce: stdout: No space left on device; 2 records are safe; go on from line 3 of stdin'
		run3 sh -c "klog-produce $how t <in >&-"
		is_status 3
		is_err 'klog-produce: stdout: Bad file descriptor; 2 records are safe; go on from line 3 of stdin'
	done
	[ "$(values t | wc -l)" -eq 8 ]
	run3 sh -c "klog-produce t <in >&-"
	is_status 0
	run3 sh -c "klog-produce --help >/dev/full"
	is_status 3
	is_err 'klog-produce: stdout: No space left on device'
}

@test "a reader of --report that leaves: silent death, the log is whole" {
	topic t 3
	seq 300000 >in
	bash -c 'klog-produce --batch-bytes 10k --report t <in | head -1;
		echo "${PIPESTATUS[0]}" >status' 2>err >out
	grep -qE '^t [012] [0-9]+$' out
	[ "$(cat status)" -eq 141 ]
	[ ! -s err ]
	# What is there was read in this order, whole batches of it.
	values t | sort -n -u >got
	values t | sort -n | cmp - got
	echo again | klog-produce t
	values t | grep -qx again
}

@test "closed stdin" {
	topic t 1
	run3 sh -c 'klog-produce t <&-'
	is_status 3
	err_like '^klog-produce: stdin: .*; 0 records are safe; go on from line 1 of stdin$'
}

# ---- locks ----

# The process that holds it is this file's own.
hold() {
	exec 9<>"$1"
	flock 9
}

@test "--timeout: the lock is held: exit 5, naming who and what is safe" {
	topic t 1
	input 'a\n'
	produce t
	flock t/0/lock -c 'echo $$ >holder; while [ ! -e finished ]; do sleep 0.01; done' &
	pid=$!
	until_true test -s holder
	holder=$(PYTHONPATH='' python3 -c '
import os, sys
st = os.stat("t/0/lock")
for line in open("/proc/locks"):
    f = line.split()
    if f[1] == "FLOCK" and f[5].endswith(":%d" % st.st_ino):
        print(f[4])' | head -1)
	produce --timeout 200ms t
	is_status 5
	is_err "klog-produce: $T/t/0/lock: locked by process $holder (flock); 0 records are safe; go on from line 1 of stdin"
	produce --timeout 0 t
	is_status 5
	: >finished
	wait "$pid"
	produce --timeout 0 t
	is_status 0
	[ "$(values t | wc -l)" -eq 2 ]
}

@test "a lock held in mid-stream: what came before is safe, and is named" {
	topic t 2
	mkfifo pipe
	klog-produce --timeout 200ms --report='%s\n' -K : t <pipe >out 2>err &
	pid=$!
	exec 8>pipe
	echo a:1 >&8
	until_true grep -q 1 out
	hold "t/$(log p t)/lock"
	echo a:2 >&8
	code=0
	wait "$pid" || code=$?
	exec 8>&- 9>&-
	[ "$code" -eq 5 ]
	grep -qE '^klog-produce: .*/lock: locked by process [0-9]+( \([a-z]+\))?; 1 record is safe; go on from line 2 of stdin$' err
	[ "$(values t)" = 1 ]
}

@test "SIGTERM while waiting for a lock without end" {
	topic t 1
	input 'a\n'
	produce t
	hold t/0/lock
	klog-produce t <in 2>err 9>&- &
	pid=$!
	until_true grep -qF -- '->' /proc/locks
	kill "$pid"
	code=0
	wait "$pid" || code=$?
	exec 9>&-
	[ "$code" -eq 143 ]
	grep -q 'stopped while waiting; 0 records are safe; go on from line 1 of stdin$' err
}

# ---- a full disk ----

@test "disk full: what was reported is there, nothing is half there" {
	[ "$(id -u)" -eq 0 ] || skip 'only root can mount'
	mkdir small
	mount -t tmpfs -o size=600k tmpfs small 2>/dev/null ||
		skip 'no tmpfs can be mounted here'
	topic small/t 1
	head -c 100k /dev/zero >small/room
	seq 100000 >in
	produce -z none --batch-bytes 16k --report='%o %s\n' small/t
	is_status 3
	err_like '^klog-produce: small/t/0/.*: No space left on device; [0-9]+ records are safe; go on from line [0-9]+ of stdin$'
	log 'f"{r.offset} {text(r.value)[1:-1]}"' small/t >got
	cmp got "$OUT"
	safe=$(sed -E 's/.*; ([0-9]+) records are.*/\1/' "$ERR")
	from=$(sed -E 's/.* line ([0-9]+) of.*/\1/' "$ERR")
	[ "$safe" -eq "$(wc -l <got)" ]
	[ "$from" -eq $((safe + 1)) ]
	produce small/t
	is_status 3
	rm small/room
	tail -n +"$from" in | head -100 | klog-produce small/t
	[ "$(values small/t)" = "$(seq $((safe + 100)))" ]
}

@test "a file size limit is an error, not a death" {
	topic t 1
	seq 100000 >in
	run3 bash -c 'ulimit -f 100; klog-produce -z none --batch-bytes 16k t <in'
	is_status 3
	err_like ': File too large; [0-9]+ records are safe; go on from line [0-9]+ of stdin$'
	safe=$(sed -E 's/.*; ([0-9]+) records are.*/\1/' "$ERR")
	values t >got
	head -n "$safe" in | cmp - got
	echo next | klog-produce t
	[ "$(values t | tail -1)" = next ]
}

# reboot TOPIC: as if the machine had been restarted since it was written.
reboot() {
	sed -i 's/^......../00000000/' "$1/0/recovery-point"
	rm "$1/0/state"
}

# spoil TOPIC POSITION: one byte of its log is another one.
spoil() {
	printf '\377' | dd of="$1/0/00000000000000000000.log" bs=1 \
	    seek="$2" conv=notrunc status=none
}

@test "damage to what was on disk is refused, and nothing is cut" {
	topic t 1
	seq 100 | klog-produce t
	seq 100 | klog-produce t
	spoil t 200
	cp t/0/00000000000000000000.log before
	for how in state restart; do
		if [ $how = restart ]; then
			touch t/0/state
			reboot t
		fi
		rm -f t/0/state
		input 'x\n'
		produce t
		is_status 4
		is_err "klog-produce: $T/t/0/00000000000000000000.log: position 0: offset 0: damaged, but was on disk up to offset 200 (klog-check $T/t tells how to go on); 0 records are safe; go on from line 1 of stdin"
		cmp before t/0/00000000000000000000.log
	done
}

@test "after a restart what was never on disk is cut, kept and told" {
	topic t 1
	seq 100 | klog-produce t
	size=$(stat -c %s t/0/00000000000000000000.log)
	seq 200 | klog-produce --acks 0 t
	whole=$(stat -c %s t/0/00000000000000000000.log)
	spoil t $((size + 100))
	tail -c +$((size + 1)) t/0/00000000000000000000.log >torn
	reboot t
	input 'x\n'
	produce t
	is_status 0
	is_err "klog-produce: $T/t/0: $((whole - size)) bytes from offset 100 on were not whole after a crash; they are kept in $T/t/0/cut"
	cmp torn t/0/cut/*
	[ "$(values t)" = "$(seq 100; echo x)" ]
	# Readers may have seen what is gone: a new epoch tells them.
	[ "$(cat t/0/leader-epoch-checkpoint)" = "$(printf '0\n2\n0 0\n1 100')" ]
}
