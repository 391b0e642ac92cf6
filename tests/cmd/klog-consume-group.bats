#!/usr/bin/env bats
# klog-consume -g: what is committed, and who reads what.
# shellcheck disable=SC2016,SC2154 # shells in shells; member sets variables

load consume

teardown() {
	[ -z "${mounted:-}" ] || umount -l "$mounted"
	helper_teardown
}

# owns N TOPIC GROUP PID: the member of that process has N partitions.
owns() {
	[ "$(sed -n 's/^owned=//p' "$2/groups/$3/members/"*"-$4-"* 2>/dev/null |
		tr ',' '\n' | awk -F- '{ n += $NF - $1 + 1 } END { print n + 0 }
		' 2>/dev/null)" -eq "$1" ]
}

# member NAME ARGUMENT...: klog-consume -f in the background as $NAME, its
# output in the file out.NAME.
member() {
	local name=$1

	shift
	env --default-signal=INT klog-consume -f "$@" \
	    >"out.$name" 2>"err.$name" &
	printf -v "$name" %s $!
}

# leaves PID STATUS: it ends, with that status.
leaves() {
	local code=0

	wait "$1" || code=$?
	[ "$code" -eq "$2" ] || { echo "status $code, not $2"; return 1; }
}

lines() {
	[ "$(cat "${@:2}" | wc -l)" -eq "$1" ]
}

# ---- what is committed ----

@test "a group goes on where it was" {
	seq 5 | klog-produce --create t
	prints $'1\n2\n3\n4\n5' -g g t
	is_committed 5 t g
	prints '' -g g t
	seq 6 7 | klog-produce t
	prints $'6\n7' -g g t
	is_committed 7 t g
	prints $'1\n2\n3\n4\n5\n6\n7' -g other t
	prints '1' -n 1 t
}

@test "head takes three: the next is just the fourth" {
	seq 100000 | klog-produce --create t
	for first in 1 4 7 10; do
		run3 bash -c 'klog-consume -g g t | head -n 3
			echo "${PIPESTATUS[0]}"'
		is_out "$first
$((first + 1))
$((first + 2))
141"
		is_err ''
		is_committed $((first + 2)) t g
	done
}

@test "a loop in the shell that ends anywhere loses and repeats nothing" {
	seq 300 | klog-produce --create -p 2 t --partitions 3
	: >all
	for n in 1 7 60 232; do
		klog-consume -g g t | for _ in $(seq "$n"); do
			read -r line
			echo "$line"
		done >>all
	done
	[ "$(wc -l <all)" -eq 300 ]
	diff <(seq 300) all
}

@test "a reader that is killed in the middle of a block repeats, at most" {
	seq 200000 | klog-produce --create t
	klog-consume -g g t | head -c 500000 >one || true
	klog-consume -g g t >two
	# All that the first did not have comes in the second.
	last=$(head -n -1 one | tail -n 1)
	[ "$(head -n 1 two)" -le $((last + 1)) ]
	[ "$(tail -n 1 two)" -eq 200000 ]
	is_committed 200000 t g
}

@test "records of several pages each, one by one" {
	for i in 1 2 3 4; do
		head -c 30000 /dev/zero | tr '\0' "$i"
		echo
	done | klog-produce --create t
	klog-consume -g g t | head -n 2 | cut -c 1 >out
	[ "$(cat out)" = $'1\n2' ]
	klog-consume -g g t | cut -c 1 >out
	[ "$(cat out)" = $'3\n4' ]
}

@test "-n advances the group by exactly that, over all partitions" {
	seq 1000 | klog-produce --create --partitions 4 \
	    --partitioner roundrobin --batch-bytes 1k t
	klog-consume -g g -n 100 t >a
	klog-consume -g g -n 100 t | cat >>a
	sum=0
	for p in 0 1 2 3; do
		n=$(committed t g $p)
		[ "$n" = - ] || sum=$((sum + n))
	done
	[ "$sum" -eq 200 ]
	klog-consume -g g t >>a
	diff <(seq 1000) <(sort -n a)
}

@test "kill -9: nothing is lost" {
	seq 20000 | klog-produce --create --partitions 2 \
	    --partitioner roundrobin --batch-bytes 1k t
	mkfifo pipe
	klog-consume -f -g g t >pipe 2>err &
	pid=$!
	exec 9<pipe
	for _ in $(seq 500); do
		read -r line <&9
		echo "$line"
	done >a
	kill -9 "$pid"
	cat <&9 >>a
	exec 9<&-
	wait "$pid" || true
	klog-consume -g g t >b
	# All, and the one in the pipe at most twice.
	diff <(seq 20000) <(sort -n a b | uniq)
	[ "$(cat a b | wc -l)" -le 20001 ]
}

@test "SIGTERM: finish, commit, 143" {
	seq 10 | klog-produce --create t
	member m -g g t
	until_true lines 10 out.m
	kill "$m"
	leaves "$m" 143
	is_committed 10 t g
	[ -z "$(ls t/groups/g/members)" ]
	[ ! -s err.m ]
}

@test "what is filtered out is done" {
	printf 'a=1\nb=2\na=3\nb=4\n' | klog-produce --create -K = t
	prints $'1\n3' -g g -k a t
	is_committed 4 t g
	prints '' -g h -e 'no such' t
	is_committed 4 t h
	prints '2' -g i -n 1 -k b t
	is_committed 2 t i
}

@test "markers, holes and empty batches are passed" {
	holed
	prints $'a\nb\nc\nd\ne\nf\ng\nh\ni' -g g h
	is_committed 23 h g
	klog-consume -g one -n 4 h >/dev/null
	is_committed 4 h one
	klog-consume -g one -n 3 h >/dev/null
	is_committed 13 h one
}

@test "an undecided transaction is not passed" {
	python '
log = Log()
batch(log, "a")
log.add(encode_batch([rec(1, "b")], pid=7, pepoch=0, sequence=0,
                     transactional=True))
batch(log, "c")
write_topic("x", [log])'
	prints 'a' -g g x
	is_committed 1 x g
}

@test "--commit none: read as a member, commit nothing" {
	seq 3 | klog-produce --create t
	prints $'1\n2\n3' -g g --commit none t
	is_committed - t g
	klog-consume -g g -n 2 t >/dev/null
	prints '3' -g g --commit none t
	prints '3' -g g --commit none t
	is_committed 2 t g
}

@test "--commit-sync each: a sync for each commit" {
	seq 50 | klog-produce --create t
	strace -f -e trace=fdatasync -o calls klog-consume -g g \
	    --commit-sync each t | cat >/dev/null
	[ "$(grep -c fdatasync calls)" -ge 50 ]
	strace -f -e trace=fdatasync -o calls klog-consume -g h t |
		cat >/dev/null
	[ "$(grep -c fdatasync calls)" -le 4 ]
}

@test "several topics; --whole" {
	seq 3 | klog-produce --create a
	seq 4 6 | klog-produce --create b
	klog-consume -g g a b >all
	diff <(seq 6) <(sort all)
	is_committed 3 a g
	is_committed 3 b g
	prints '' -g w --whole dir a
	[ "$(cat dir/a-0-0 dir/a-0-1 dir/a-0-2)" = 123 ]
	is_committed 3 a w
}

@test "a full output: what is not written is not committed" {
	seq 3 | klog-produce --create t
	run3 bash -c 'klog-consume -g g t >/dev/full'
	is_status 3
	is_err 'klog-consume: stdout: No space left on device'
	is_committed - t g
}

@test "a full disk refuses a new member, and no commit of an old one" {
	mkdir disk
	mount -t tmpfs -o size=8m none disk 2>/dev/null || skip "no mount"
	mounted=$T/disk
	seq 3 | klog-produce --create disk/t
	member a -g g disk/t
	until_true is_committed 3 disk/t g
	seq 4 6 | klog-produce disk/t
	head -c 9m /dev/zero >disk/fill 2>/dev/null || true
	until_true is_committed 6 disk/t g
	consume -g new disk/t
	is_status 3
	is_out ''
	err_like "^klog-consume: disk/t/groups/new.*: No space left on device$"
	kill "$a"
	leaves "$a" 143
	[ ! -s err.a ]
	is_committed 6 disk/t g
}

# ---- where it starts ----

@test "--reset: where nothing is committed" {
	seq 3 | klog-produce --create t
	consume -g g --reset fail t
	is_status 3
	is_out ''
	is_err "klog-consume: $T/t/0: group g: nothing is committed, and --reset says fail"
	prints '' -g g --reset end t
	is_committed 3 t g
	seq 4 5 | klog-produce t
	prints $'4\n5' -g g --reset end t
	prints $'1\n2\n3\n4\n5' -g h --reset start t
}

@test "the committed offset lies below the start of the log" {
	seq 10 | klog-produce --create t
	for g in a b c; do
		klog-consume -n 2 -g $g t >/dev/null
	done
	echo 6 >t/0/log-start-offset
	consume -g a t
	is_status 0
	is_out $'7\n8\n9\n10'
	is_err "klog-consume: $T/t/0: group a: the committed offset 2 is gone: skipped 4 offsets, going on at 6"
	consume -g b --reset end t
	is_status 0
	is_out ''
	is_err "klog-consume: $T/t/0: group b: the committed offset 2 is gone: skipped 8 offsets, going on at 10"
	prints '' -g b t
	consume -g c --reset fail t
	is_status 3
	is_err "klog-consume: $T/t/0: group c: the committed offset 2 is gone, the log begins at 6, and --reset says fail"
}

@test "the committed offset lies above the end: the log was cut off" {
	seq 10 | klog-produce --create t
	klog-consume -g g t >/dev/null
	seq 4 | klog-produce --create u
	rm -r t/0
	cp -r u/0 t/0
	consume -g g t
	is_status 0
	is_out ''
	is_err "klog-consume: $T/t/0: group g: a recovery cut the log off at offset 4: 6 offsets that were read are gone, going on there"
	is_committed 4 t g
	prints '' -g g t
}

@test "a newer leader epoch begins below the committed offset: cut off" {
	seq 10 | klog-produce --create t
	klog-consume -g g t >/dev/null
	klog-consume -g f t >/dev/null
	printf '0\n2\n0 0\n1 7\n' >t/0/leader-epoch-checkpoint
	consume -g f --reset fail t
	is_status 3
	is_err "klog-consume: $T/t/0: group f: a recovery cut the log off at offset 7, the committed one is 10, and --reset says fail"
	consume -g g t
	is_status 0
	is_out $'8\n9\n10'
	is_err "klog-consume: $T/t/0: group g: a recovery cut the log off at offset 7: 3 offsets that were read are gone, going on there"
}

# ---- several members ----

@test "two members share the partitions; one leaves, one is killed" {
	klog-topic create -p 4 t
	member a -g g t
	until_true owns 4 t g "$a"
	member b -g g t
	until_true owns 2 t g "$a"
	until_true owns 2 t g "$b"
	seq 400 | klog-produce --partitioner roundrobin --batch-bytes 1k t
	until_true lines 400 out.a out.b
	[ -s out.a ]
	[ -s out.b ]
	member c -g g --assign range t
	until_true owns 1 t g "$c"
	kill "$b"
	leaves "$b" 143
	until_true owns 2 t g "$c"
	kill -9 "$c"
	until_true owns 4 t g "$a"
	seq 401 800 | klog-produce --partitioner roundrobin --batch-bytes 1k t
	until_true lines 800 out.a out.b out.c
	diff <(seq 800) <(sort -n out.a out.b out.c)
	kill "$a"
	leaves "$a" 143
	[ ! -s err.a ]
	[ ! -s err.b ]
	[ ! -s err.c ]
	prints '' -g g t
}

@test "without -f it waits for its share, reads it and leaves" {
	seq 100 | klog-produce --create --partitions 2 \
	    --partitioner roundrobin --batch-bytes 1k t
	member a -g g t
	until_true lines 100 out.a
	prints '' -g g t
	until_true owns 2 t g "$a"
}

@test "new partitions are taken" {
	klog-topic create t
	member a -g g t
	until_true owns 1 t g "$a"
	klog-topic alter -p 3 t 2>/dev/null
	until_true owns 3 t g "$a"
	for p in 0 1 2; do
		echo $p | klog-produce -p $p t
	done
	until_true lines 3 out.a
	kill "$a"
	leaves "$a" 143
	is_committed 1 t g 2
}

@test "a paused group holds; it goes on when it is resumed" {
	seq 3 | klog-produce --create t
	member a -g g t
	until_true lines 3 out.a
	: >t/groups/g/paused
	# The member sees it before what comes next: both are told in order.
	seq 4 6 | klog-produce t
	run3 timeout 60 klog-consume -f --timeout 300ms -g g t
	is_status 5
	is_out ''
	paused="klog-consume: $T/t/groups/g: is paused (klog-group resume -g g $T/t lets it go on)"
	is_err "$paused
klog-consume: nothing came in time"
	lines 3 out.a
	rm t/groups/g/paused
	until_true lines 6 out.a
	kill "$a"
	leaves "$a" 143
	[ "$(cat err.a)" = "$paused" ]
	is_committed 6 t g
}

@test "a member that is stopped keeps its partitions" {
	seq 3 | klog-produce --create t
	member a -g g t
	until_true lines 3 out.a
	kill -STOP "$a"
	run3 timeout 60 klog-consume -f --timeout 200ms -g g t
	is_status 5
	is_out ''
	is_err 'klog-consume: nothing came in time'
	kill -CONT "$a"
	kill "$a"
	leaves "$a" 143
}

@test "a partition is given up in the middle of a batch to a slow reader" {
	seq 1000 | klog-produce --create --partitions 2 -p 1 t
	mkfifo pipe
	klog-consume -f -g g t >pipe 2>err &
	pid=$!
	exec 9<pipe
	for _ in $(seq 10); do
		read -r line <&9
	done
	[ "$line" = 10 ]
	klog-consume -f -g g t >out.b &
	b=$!
	# One of them is to have partition 1; the reader goes on until it has.
	until_true owns 1 t g "$b" || true
	kill "$pid"
	cat <&9 >rest
	exec 9<&-
	until_true lines 990 rest out.b
	kill "$b"
	leaves "$b" 143
	diff <(seq 11 1000) <(sort -n rest out.b)
}

# ---- called wrongly ----

@test "options that need a group" {
	for o in '--reset end' '--assign range' '--commit none' \
	    '--commit-sync each' '--ack-fd 0' '--exec true' '--exec-each true'
	do
		# shellcheck disable=SC2086
		refused "${o%% *}: goes with a group only (-g)" $o t
	done
}

@test "options that do not go with a group" {
	refused '-o, --since, --until: not with -g: a group starts at its committed offsets' -g g -o 5 t
	refused '-p: not with -g: the members of a group share all partitions' -g g -p 0 t
	refused '--last: not with -g: a group starts at its committed offsets' -g g --last 1 t
	refused '--merge: not with -g: a group reads in no order of times' -g g --merge t
	refused '--reverse: not with -g: a group reads forwards' -g g --reverse t
	refused '-c: not with -g: a group is for records that are used' -g g -c t
	refused '--speed: not with -g: a group is no replay' -g g --speed 1 t
	refused '--commit exec: needs --exec or --exec-each' -g g --commit exec t
	refused '--commit fd: needs --ack-fd' -g g --commit fd t
	[ ! -e t ]
}

@test "a group's name is checked; topics twice" {
	seq 1 | klog-produce --create t
	consume -g a/b t
	is_status 2
	[ ! -e t/groups ]
	consume -g g t t
	is_status 2
}
