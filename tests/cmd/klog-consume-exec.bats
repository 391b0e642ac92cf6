#!/usr/bin/env bats
# klog-consume --exec, --exec-each, --dead-letter and --ack-fd.
# shellcheck disable=SC2016,SC2030,SC2031 # the commands expand what stands in quotes

load consume

# three: topic t, partitions 0 and 1, each three batches of two records.
three() {
	python '
logs = [Log(), Log()]
for p in 0, 1:
    for i in 0, 2, 4:
        logs[p].add(encode_batch([
            rec(i + j, "%d%d" % (p, i + j), key=b"k%d" % (i + j))
            for j in (0, 1)]))
write_topic("t", logs)'
}

@test "--exec: a run for each batch; its records as they are printed" {
	three
	consume -g g --exec 'echo "$KLOG_TOPIC $KLOG_PARTITION $KLOG_OFFSET:" $(cat) >>out' t
	is_status 0
	is_out ''
	is_err ''
	diff <(sort out) - <<'EOF'
t 0 0: 00 01
t 0 2: 02 03
t 0 4: 04 05
t 1 0: 10 11
t 1 2: 12 13
t 1 4: 14 15
EOF
	diff <(grep '^t 1' out) <(grep '^t 1' out | sort)
	is_committed 6 t g 0
	is_committed 6 t g 1
	consume -g g --exec 'echo never' t
	is_out ''
	consume -g h -K = --exec cat t
	is_status 0
	diff <(sort "$OUT") <(for p in 0 1; do
		for i in 0 1 2 3 4 5; do
			echo "k$i=$p$i"
		done
	done | sort)
}

@test "--exec-each: a run for each record, what it is in the environment" {
	three
	consume -g g -F '%s' --exec-each 'echo "$KLOG_TOPIC/$KLOG_PARTITION/$KLOG_OFFSET $KLOG_KEY $KLOG_TS $(cat)" >>out' t
	is_status 0
	is_err ''
	diff <(sort out) <(for p in 0 1; do
		for i in 0 1 2 3 4 5; do
			echo "t/$p/$i k$i $((T0 + i * 1000)) $p$i"
		done
	done)
	is_committed 6 t g 0
	is_committed 6 t g 1
}

@test "--exec-each: a key that is null or holds a NUL; -n; filters" {
	printf '\n' | klog-produce --create t
	klog-produce -J t <<<'{"key":{"base64":"YWIAY2Q="},"value":"x"}'
	echo y | klog-produce t
	consume -g g --exec-each 'printf "[%s]" "$KLOG_KEY"' t
	is_status 0
	[ "$(cat "$OUT")" = '[][ab][]' ]
	is_committed 3 t g
	consume -g h -n 1 --exec-each cat t
	[ "$(od -An -c <"$OUT" | tr -d ' ')" = '\n' ]
	is_committed 1 t h
	prints 'x' -g i -e x --exec-each cat t
	is_committed 3 t i
	prints 'x' -g j -n 1 -e x --exec cat t
	is_committed 2 t j
}

@test "a command that fails: status 3, what and where; the rest goes on then" {
	three
	consume -g g -p 1 --exec true t
	is_status 2
	consume -g g --exec 'grep -q 12 && exit 7; exit 0' t
	is_status 3
	is_out ''
	is_err "klog-consume: $T/t/1: offsets 2 to 3: command failed: exit status 7"
	is_committed 2 t g 1
	consume -g g --exec-each 'read -r v; [ "$v" != 13 ] || kill -9 $$' t
	is_status 3
	is_err "klog-consume: $T/t/1: offset 3: command failed: killed by signal 9 (Killed)"
	is_committed 3 t g 1
	consume -g g --exec 'no-such-command' t
	is_status 3
	err_like 'exit status 127'
	consume -g g --exec 'cat >>out' t
	is_status 0
	is_committed 6 t g 0
	is_committed 6 t g 1
}

@test "kill -9: what runs keeps its partition until it ends" {
	seq 2 | klog-produce --create t
	mkfifo begun go
	klog-consume -f -g g --exec-each 'echo "first $KLOG_OFFSET" >>out
		echo $$ >begun; read -r _ <go; echo "ends" >>out' t &
	first=$!
	read -r child <begun
	export stray=$child
	klog-consume -f -g g --exec-each 'echo "next $KLOG_OFFSET" >>out' t &
	next=$!
	kill -9 "$first"
	wait "$first" || true
	# Somebody reads the group while its next member waits.
	until_true eval '[ "$(ls t/groups/g/members | wc -l)" -eq 1 ]'
	run3 timeout 60 klog-consume -f --timeout 200ms -g g t
	is_status 5
	is_out ''
	echo >go
	until_true is_committed 2 t g
	[ "$(cat out)" = 'first 0
ends
next 0
next 1' ]
	until_true eval '! kill -0 "$child" 2>/dev/null'
	kill "$next"
	wait "$next" || [ $? -eq 143 ]
}

@test "kill -9: what runs gets all of its input, however large" {
	python '
log = Log()
batch(log, *map(str, range(1000000, 1300000)))
write_topic("t", [log])'
	mkfifo begun go
	klog-consume -f -g g --exec 'echo $$ >begun; read -r _ <go
		cat >got; echo ends >begun' t &
	first=$!
	read -r child <begun
	export stray=$child
	kill -9 "$first"
	wait "$first" || true
	echo >go
	[ "$(cat begun)" = ends ]
	seq -f %.0f 1000000 1299999 | cmp - got
}

@test "--exec: a command may step back in its input, and can't change it" {
	seq 5 | klog-produce --create t
	consume -g g --exec 'echo x >&0' t
	is_status 3
	is_committed - t g
	prints $'1\n2\n3\n4\n5\n5' -g g --exec 'cat; wc -l </dev/stdin' t
}

@test "--retries, and 75 does not count" {
	seq 2 | klog-produce --create t
	consume -g g --retries 2 --backoff 1ms --exec-each \
	    'echo x >>tries.$KLOG_OFFSET; [ "$(wc -l <tries.$KLOG_OFFSET)" -eq 3 ]' t
	is_status 0
	is_err ''
	[ "$(wc -l <tries.0)" -eq 3 ]
	[ "$(wc -l <tries.1)" -eq 3 ]
	consume -g h --backoff 1ms --exec-each \
	    'echo x >>more.$KLOG_OFFSET; [ "$(wc -l <more.$KLOG_OFFSET)" -eq 4 ] || exit 75' t
	is_status 0
	is_err ''
	[ "$(wc -l <more.1)" -eq 4 ]
}

@test "--dead-letter: of --exec-each" {
	klog-topic create dead
	klog-produce --create -J t <<'EOF'
{"key":"a","value":"good"}
{"key":"b","value":"bad","ts":1795341600000,"headers":[["h","1"]]}
{"key":"c","value":"good"}
EOF
	consume -g g --retries 1 --backoff 1ms --dead-letter dead \
	    --exec-each 'read -r v; [ "$v" = good ] || exit 4' t
	is_status 0
	is_out ''
	is_err "klog-consume: $T/t/0: offset 1: command failed: exit status 4: gone to $T/dead"
	is_committed 3 t g
	prints 'b bad 1795341600000 h=1,klog.error=exit status 4,klog.source=t/0/1,klog.attempts=2' \
	    -F '%k %s %T %h\n' dead
}

@test "--dead-letter: of --exec, record by record" {
	three
	klog-topic create dead
	consume -g g --dead-letter dead -e '[^4]$' --exec 'grep -q "^1[23]" && exit 1; exit 0' t
	is_status 0
	is_err "klog-consume: $T/t/1: offsets 2 to 3: command failed: exit status 1: gone to $T/dead"
	prints $'12 klog.error=exit status 1,klog.source=t/1/2,klog.attempts=1\n13 klog.error=exit status 1,klog.source=t/1/3,klog.attempts=1' \
	    -F '%s %h\n' dead
	is_committed 6 t g 1
}

@test "--dead-letter: a topic that is missing, or is read" {
	seq 1 | klog-produce --create t
	consume -g g --exec true --dead-letter none t
	is_status 3
	is_err "klog-consume: --dead-letter: $T/none: no such topic"
	refused "--dead-letter: t is one of the topics that are read" \
	    -g g --exec true --dead-letter t t
	[ ! -e t/groups ]
}

@test "--jobs: partitions at once, each in its order" {
	mkfifo one two
	three
	# Each of the two first runs waits for the other.
	# shellcheck disable=SC2016
	consume -g g --jobs 2 --exec-each 'read -r v
		case $v in
		00) echo x >one; read -r y <two ;;
		10) read -r y <one; echo x >two ;;
		esac
		echo "$v" >>out' t
	is_status 0
	diff <(grep ^0 out) <(printf '0%s\n' 0 1 2 3 4 5)
	diff <(grep ^1 out) <(printf '1%s\n' 0 1 2 3 4 5)
}

@test "a member with runs that is told to stop lets them end and commits" {
	seq 3 | klog-produce --create t
	mkfifo go
	klog-consume -f -g g --exec-each \
	    'echo $KLOG_OFFSET >>out; read -r x <go; :' t 2>err &
	pid=$!
	until_true grep -q 0 out
	kill "$pid"
	echo x >go
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 143 ]
	[ "$(cat out)" = 0 ]
	is_committed 1 t g
	[ ! -s err ]
}

@test "-f: what comes later is run, too" {
	klog-topic create -p 2 t
	klog-consume -f -g g --jobs 2 --exec 'cat >>out' t &
	for i in 1 2 3; do
		echo "$i" | klog-produce -p 1 t
		until_true grep -q "$i" out
	done
	[ "$(cat out)" = $'1\n2\n3' ]
}

@test "options of the runs" {
	refused 'only one of --exec and --exec-each can be given' -g g --exec a --exec-each b t
	refused '--jobs: goes with --exec and --exec-each only' -g g --jobs 2 t
	refused '--retries: goes with --exec and --exec-each only' -g g --retries 2 t
	refused '--backoff: goes with --exec and --exec-each only' -g g --backoff 2s t
	refused '--dead-letter: goes with --exec and --exec-each only' -g g --dead-letter x t
	refused '--whole: not with --exec and --exec-each: records go to the command' -g g --exec a --whole d t
	refused '--commit auto: not with --exec and --exec-each' -g g --exec a --commit auto t
	refused '--ack-fd: not with --exec and --exec-each: their exit status tells' -g g --exec a --ack-fd 0 t
	refused '--commit auto: not with --ack-fd' -g g --ack-fd 0 --commit auto t
	refused '--commit none: not with --ack-fd' -g g --ack-fd 0 --commit none t
	refused '--ack-fd: descriptor 77 is not open for reading' -g g --ack-fd 77 t
	refused '--ack-fd: descriptor 2 is not open for reading' -g g --ack-fd 2 t
	# shellcheck disable=SC2094
	run3 bash -c 'klog-consume -g g --ack-fd 1 t 1<>x'
	is_status 2
}

@test "--commit none with --exec: nothing is committed" {
	seq 2 | klog-produce --create t
	prints $'1\n2' -g g --commit none --exec cat t
	prints $'1\n2' -g g --exec cat t
	is_committed 2 t g
}

# ---- acknowledgments ----

# acked PROGRAM ARGUMENT...: klog-consume's output goes to PROGRAM (bash), whose
# output it reads as descriptor 3.
acked() {
	local program=$1

	shift
	rm -f acks
	mkfifo acks
	run3 timeout 60 bash -c 'program=$1; shift
		klog-consume --ack-fd 3 "$@" 3<acks | bash -c "$program" >acks
		exit "${PIPESTATUS[0]}"' - "$program" "$@"
}

@test "--ack-fd: what is acknowledged is committed" {
	three
	acked 'cat' -g g -F '%p %o\n' t
	is_status 0
	is_err ''
	is_committed 6 t g 0
	is_committed 6 t g 1
	acked 'cat' -g g -F '%p %o\n' t
	is_status 0
}

@test "--ack-fd: all up to an offset; what is not is given again" {
	three
	acked 'grep -v "^0 [45]" | sed -n "/^0 3/p; /^1 5/p"' -g g -F '%p %o\n' t
	is_status 3
	is_err "klog-consume: $T/t/0: offsets 4 to 5 were not acknowledged"
	is_committed 4 t g 0
	is_committed 6 t g 1
	prints $'04\n05' -g g t
}

@test "--ack-fd: a signal: what is said then still counts" {
	three
	mkfifo acks pipe
	klog-consume -f -g g --ack-fd 3 -F '%p %o\n' t 3<acks >pipe 2>err &
	pid=$!
	exec 8>acks 9<pipe
	for _ in $(seq 12); do
		read -r line <&9
		echo "$line"
	done >lines
	kill "$pid"
	# The end of its output comes when it has heard the signal.
	[ -z "$(cat <&9)" ]
	cat lines >&8
	exec 8>&-
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 143 ]
	[ ! -s err ]
	is_committed 6 t g 0
	is_committed 6 t g 1
}

@test "--ack-fd: a reader that dies said something before" {
	three
	acked 'read -r a; read -r b; echo "$a"; echo "$b"' -f -g g \
	    -F '%p %o\n' t
	is_err ''
	[ "$(committed t g 0),$(committed t g 1)" = 2,- ] ||
		[ "$(committed t g 0),$(committed t g 1)" = -,2 ]
}

@test "--ack-fd: holes behind the last record are passed with it" {
	holed
	acked 'cat' -g g -F '%p %o\n' h
	is_status 0
	is_committed 23 h g
}

@test "--ack-fd: several topics" {
	seq 2 | klog-produce --create a
	seq 3 | klog-produce --create b
	acked 'cat' -g g -F '%t %p %o\n' a b
	is_status 0
	is_err ''
	is_committed 2 a g
	is_committed 3 b g
	acked 'cat' -g h -F '%p %o\n' a b
	is_status 3
	err_like '^klog-consume: --ack-fd: line 1: "0 0" is not "topic partition offset"$'
}

@test "--ack-fd: lines that are none" {
	seq 3 | klog-produce --create t
	for line in '' x '0' '0 ' '0 x' '0 1 2' '-1 1' '0 -1' '0 0x1' '0,1' \
	    '0 99999999999999999999' ' 0 1'; do
		acked "echo '$line'; cat >/dev/null" -g g -F '%p %o\n' t
		is_status 3
		is_out ''
		is_err "klog-consume: --ack-fd: line 1: \"$line\" is not \"partition offset\""
	done
	is_committed - t g
	acked "read -r x; echo '0 0'; echo '0 y'; cat >/dev/null" -g g -F '%p %o\n' t
	is_status 3
	is_err 'klog-consume: --ack-fd: line 2: "0 y" is not "partition offset"'
	is_committed 1 t g
	acked "echo '0 7'; cat >/dev/null" -g g -F '%p %o\n' t
	is_status 3
	is_err "klog-consume: --ack-fd: line 1: $T/t/0: offset 7 was not given out"
	acked "echo '3 0'; cat >/dev/null" -g g -F '%p %o\n' t
	is_status 3
	is_err "klog-consume: --ack-fd: line 1: $T/t/3: offset 0 was not given out"
	is_committed 1 t g
}
