#!/usr/bin/env bats
# klog-topic seal, unseal, wait: who may append, and when it has been done.

load helper

# records TOPIC: how many can be read.
records() {
	klog-consume -c "$1"
}

holds() {
	[ "$(records "$1")" = "$2" ]
}

# ---- seal, unseal ----

@test "seal: producers are refused and told how to go on" {
	klog-topic create a
	seq 3 | klog-produce a
	run3 klog-topic seal a
	is_status 0
	is_out ''
	is_err ''
	[ "$(cat a/role)" = sealed ]
	run3 klog-produce a < <(seq 2)
	is_status 6
	is_out ''
	is_err "klog-produce: $T/a: is sealed: klog-topic unseal opens it; 0 records are safe; go on from line 1 of stdin"
	holds a 3
	run3 klog-topic unseal a
	is_status 0
	is_out ''
	is_err ''
	[ "$(cat a/role)" = leader ]
	seq 2 | klog-produce a
	holds a 5
}

@test "seal, unseal -v: several topics, done again, never done" {
	klog-topic create a b
	run3 klog-topic unseal -v a
	is_status 0
	is_err "klog-topic: $T/a: is not sealed"
	[ ! -e a/role ]
	run3 klog-topic seal -v a b
	is_status 0
	is_err "klog-topic: $T/a: sealed
klog-topic: $T/b: sealed"
	run3 klog-topic seal -v a
	is_status 0
	is_err "klog-topic: $T/a: is sealed"
	run3 klog-topic unseal -v a
	is_status 0
	is_err "klog-topic: $T/a: unsealed"
	run3 klog-topic seal -v gone b
	is_status 3
	is_err "klog-topic: $T/gone: no such topic
klog-topic: $T/b: is sealed"
}

@test "seal: a producer at work ends with status 6, each record safe or not taken" {
	klog-topic create -p 3 a
	mkfifo in
	klog-produce -p 1 --report a <in >reported 2>said &
	pid=$!
	exec 7>in
	seq 4 >&7
	until_true holds a 4
	run3 klog-topic seal a
	is_status 0
	seq 5 9 >&7
	status=0
	wait "$pid" || status=$?
	exec 7>&-
	is_status 6
	[ "$(cat said)" = "klog-produce: $T/a: is sealed: klog-topic unseal opens it; 4 records are safe; go on from line 5 of stdin" ]
	[ "$(cat reported)" = "a 1 0
a 1 1
a 1 2
a 1 3" ]
	holds a 4
}

@test "seal: survives a new state, and what adds partitions" {
	klog-topic create a
	seq 3 | klog-produce a
	klog-topic seal a
	rm a/0/state
	run3 klog-produce a </etc/passwd
	is_status 6
	klog-topic alter -p 2 a
	run3 klog-produce -p 1 a </etc/passwd
	is_status 6
	holds a 3
	klog-topic unseal a
	echo x | klog-produce -p 1 a
	echo x | klog-produce -p 0 a
	holds a 5
}

@test "seal: readers, groups, checks and repairs go on" {
	klog-topic create a
	seq 3 | klog-produce a
	klog-topic seal a
	run3 klog-consume -g g a
	is_status 0
	is_out $'1\n2\n3'
	run3 klog-check --deep a
	is_status 0
	: >a/0/00000000000000000000.index
	printf x >>a/0/00000000000000000000.timeindex
	klog-check -q --repair=index a
	run3 klog-check a
	is_status 0
	[ "$(cat a/role)" = sealed ]
}

@test "seal: what it is told by list, describe, dump" {
	klog-topic create -p 2 a b
	klog-topic seal a
	run3 klog-topic list -l
	is_status 0
	is_out 'TOPIC  PARTITIONS  ROLE
a               2  sealed
b               2  leader'
	run3 klog-topic list --json
	[ "$(jq -c '[.topic, .role]' "$OUT")" = '["a","sealed"]
["b","leader"]' ]
	run3 klog-topic describe -p 0 --json a
	[ "$(jq -r .role "$OUT")" = sealed ]
	run3 klog-topic describe -p 0 a
	out_like '  sealed$'
	run3 klog-dump --json a/role
	is_status 0
	is_out '{"file":"a/role","type":"role","role":"sealed"}'
}

@test "other roles: what is refused, how they are shown" {
	klog-topic create a
	echo 'replica of h:/p "q"' >a/role
	run3 klog-topic seal a
	is_status 6
	is_err "klog-topic: $T/a: is a replica of h:/p \"q\" and takes no records but its: a replica is never sealed"
	run3 klog-topic unseal a
	is_status 6
	is_err "klog-topic: $T/a: is a replica of h:/p \"q\", not sealed: klog-replicate promote makes it the leader"
	run3 klog-produce a </etc/passwd
	is_status 6
	err_like "^klog-produce: $T/a: is a replica of h:/p \"q\": append there, or make this the leader with klog-replicate promote; 0 records are safe; go on from line 1 of stdin$"
	run3 klog-topic list -l
	out_like $'\na +1  replica of h:/p "q"$'
	run3 klog-topic list --json
	[ "$(jq -c '[.role, .source]' "$OUT")" = '["replica","h:/p \"q\""]' ]
	run3 klog-dump a/role
	is_out $'Dumping a/role\nrole: replica source: h:/p "q"'
	echo 'fenced by epoch 7' >a/role
	rm a/0/state
	run3 klog-topic seal a
	is_status 6
	is_err "klog-topic: $T/a: was fenced by epoch 7 and takes no records: it can't be sealed too"
	run3 klog-topic unseal a
	is_status 6
	is_err "klog-topic: $T/a: was fenced by epoch 7, not sealed: klog-replicate follow makes it a replica"
	run3 klog-produce a </etc/passwd
	is_status 6
	err_like "^klog-produce: $T/a: was fenced by epoch 7: another leads now; klog-replicate follow makes this its replica; 0 records"
	run3 klog-topic describe --json a
	[ "$(jq -c '[.role, .fenced_by]' "$OUT")" = '["fenced",7]' ]
	[ "$(cat a/role)" = 'fenced by epoch 7' ]
	run3 klog-topic delete -f a
	is_status 0
}

@test "a damaged role: nobody appends, and klog-check tells" {
	local why='is not a role'
	klog-topic create a
	seq 3 | klog-produce a
	echo leadr >a/role
	for c in 'seal a' 'unseal a' 'describe a' 'list -l' 'list --json'; do
		# shellcheck disable=SC2086 # words
		run3 klog-topic $c
		is_status 4
		err_like "a/role: $why: leader, replica of HOST:PATH, fenced by epoch N or sealed$"
	done
	rm a/0/state
	run3 klog-produce a </etc/passwd
	is_status 4
	holds a 3
	run3 klog-check a
	is_status 4
	is_out "$T/a/role: $why (leader, replica of HOST:PATH, fenced by epoch N or sealed): write what it was"
	run3 klog-dump a/role
	is_status 4
	is_err "klog-dump: a/role: $why: leader, replica of HOST:PATH, fenced by epoch N or sealed"
	: >a/role
	run3 klog-check a
	is_status 4
	rm a/role
	ln -s /etc/hostname a/role
	run3 klog-topic seal a
	is_status 3
	is_err "klog-topic: $T/a/role: is a symbolic link"
	rm a/role
	run3 klog-produce a < <(seq 2)
	is_status 0
}

@test "a role that only the file has: told and mended, or taken by the next producer" {
	klog-topic create a
	seq 3 | klog-produce a
	# Written by hand.
	echo sealed >a/role
	run3 klog-check a
	is_status 4
	is_out "$T/a/0/state: says that the topic leads, but its role is sealed [repair: index]"
	run3 klog-check --repair=index a
	is_status 0
	run3 klog-produce a </etc/passwd
	is_status 6
	# As an unseal that was killed leaves it.
	echo leader >a/role
	klog-check -q a
	seq 2 | klog-produce a
	klog-check -q a
	run3 klog-topic unseal -v a
	is_status 0
	is_err "klog-topic: $T/a: is not sealed"
}

@test "seal --timeout: who is appending is named, and it can be done again" {
	klog-topic create -p 2 a
	echo x | klog-produce -p 1 a
	flock a/0/lock sleep 60 &
	pid=$!
	until_true sh -c '! flock -n a/0/lock true'
	run3 klog-topic seal --timeout 10ms a
	is_status 5
	err_like "^klog-topic: $T/a/0/lock: "
	[ ! -e a/role ]
	pkill -P "$pid" 2>/dev/null || kill "$pid"
	wait "$pid" || true
	flock a/1/lock sleep 60 &
	pid=$!
	until_true sh -c '! flock -n a/1/lock true'
	run3 klog-topic seal --timeout 10ms a
	is_status 5
	err_like "^klog-topic: $T/a/1/lock: locked by process [0-9]+"
	[ ! -e a/role ]
	echo x | klog-produce -p 0 a
	pkill -P "$pid" 2>/dev/null || kill "$pid"
	wait "$pid" || true
	run3 klog-topic seal a
	is_status 0
	run3 klog-produce -p 1 a </etc/passwd
	is_status 6
	flock a/1/lock sleep 60 &
	pid=$!
	until_true sh -c '! flock -n a/1/lock true'
	run3 klog-topic unseal --timeout 10ms a
	is_status 5
	err_like "^klog-topic: $T/a/1/lock: .*; the role is \"leader\" now, but who holds that lock may not know yet: do it again$"
	[ "$(cat a/role)" = leader ]
	pkill -P "$pid" 2>/dev/null || kill "$pid"
	wait "$pid" || true
	echo x | klog-produce -p 1 a
}

@test "seal: no permission, a full disk" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	klog-topic create a
	chmod 755 "$T"
	run3 setpriv --reuid=65534 --regid=65534 --clear-groups \
	    klog-topic seal a
	is_status 3
	err_like ": Permission denied$"
	[ ! -e a/role ]
}

# ---- partitions that are added ----

@test "alter -p: producers and followers at work take the new partitions" {
	klog-topic create -p 2 a
	mkfifo in
	klog-produce -K = --report='%p %k\n' a <in >reported &
	producer=$!
	exec 7>in
	klog-consume -f -F '%p %s\n' a >followed 7>&- &
	follower=$!
	klog-consume -f -g g -F '%p %s\n' a >grouped 7>&- &
	member=$!
	for n in $(seq 100); do echo "k$n=1-$n"; done >&7
	until_true holds a 100
	klog-topic alter -p 5 a 2>/dev/null
	sleep 1.2
	for n in $(seq 100); do echo "k$n=2-$n"; done >&7
	echo k=last >&7
	until_true holds a 201
	for n in $(seq 100); do echo "k$n=3-$n"; done >&7
	exec 7>&-
	wait "$producer"
	holds a 301
	# As if they were produced anew.
	klog-topic create -p 5 b
	for n in $(seq 100); do echo "k$n=$n"; done |
	    klog-produce -K = --report='%p %k\n' b | sort >want
	tail -n 100 reported | sort | cmp - want
	lines() { [ "$(wc -l <followed) $(wc -l <grouped)" = '301 301' ]; }
	until_true lines
	kill "$follower" "$member"
	wait || true
	klog-consume -F '%p %s\n' a | sort >all
	sort followed | cmp - all
	sort grouped | cmp - all
	[ "$(cut -d' ' -f1 all | sort -u | wc -l)" -eq 5 ]
}

@test "alter -p: a file that is read meanwhile goes into the new ones too" {
	klog-topic create a
	mkfifo in
	(seq 1000; until [ -e on ]; do sleep 0.05; done; sleep 1.2
	    seq 1001 1100; sleep 0.3; seq 1101 2000) |
	    klog-produce --partitioner roundrobin a &
	until_true holds a 1000
	klog-topic alter -p 4 a 2>/dev/null
	: >on
	wait %%
	[ "$(klog-consume a | sort -n | sha256sum)" = \
	    "$(seq 2000 | sha256sum)" ]
	for p in 1 2 3; do
		[ "$(klog-consume -c -p "$p" a)" -ge 200 ]
	done
}

# ---- wait ----

@test "wait: for an end, for a number of records" {
	klog-topic create -p 2 a
	seq 5 | klog-produce -p 1 a
	for o in '--offset 1:5' '--offset 1:0 --offset 0:0' '--records 5' \
	    '--records 0'; do
		# shellcheck disable=SC2086 # words
		run3 klog-topic wait $o a
		is_status 0
		is_out ''
		is_err ''
	done
	run3 klog-topic wait --offset 0:0 --offset 1:6 --timeout 20ms a
	is_status 5
	is_err "klog-topic: $T/a/1: ends at offset 5, not 6, after 20ms"
	run3 klog-topic wait --records 6 --timeout 20ms a
	is_status 5
	is_err "klog-topic: $T/a: has 5 of 6 records after 20ms"
	klog-topic wait --offset 1:6 a &
	one=$!
	klog-topic wait --records 8 a &
	two=$!
	echo 6 | klog-produce -p 1 a
	wait "$one"
	klog-topic alter -p 3 a 2>/dev/null
	seq 2 | klog-produce -p 2 a
	wait "$two"
}

@test "wait --idle: until nothing is appended any more" {
	klog-topic create a
	(for i in 1 2 3 4; do sleep 0.2; echo "$i" | klog-produce a; done) &
	run3 klog-topic wait --idle 400ms a
	is_status 0
	holds a 4
	wait
	(while :; do echo x; sleep 0.02; done) | klog-produce a &
	run3 klog-topic wait --idle 5s --timeout 300ms a
	is_status 5
	is_err "klog-topic: $T/a: is still being appended to after 300ms"
	kill %% 2>/dev/null || true
	wait || true
}

@test "wait: idle costs nothing" {
	klog-topic create a
	strace -f -o calls klog-topic wait --records 1 a &
	until_true grep -q '^[0-9]* *poll(' calls
	sleep 0.3
	echo x | klog-produce a
	wait
	[ "$(grep -c ' poll(' calls)" -le 20 ]
}

@test "wait: the topic is deleted, has no such partition, is none" {
	klog-topic create a
	run3 klog-topic wait --offset 1:0 a
	is_status 3
	is_err "klog-topic: $T/a: has no partition 1; the last is 0"
	klog-topic wait --records 1 a 2>said &
	pid=$!
	until_true sh -c "grep -qs inotify /proc/$pid/fdinfo/*"
	klog-topic delete -f a
	status=0
	wait "$pid" || status=$?
	is_status 3
	[ "$(cat said)" = "klog-topic: $T/a: topic was deleted" ]
	run3 klog-topic wait --records 1 a
	is_status 3
	is_err "klog-topic: $T/a: no such topic"
}

@test "wait: called wrongly" {
	klog-topic create a
	run3 klog-topic wait a
	is_status 2
	is_err "klog-topic: nothing to wait for: give --offset, --records or --idle
usage: klog-topic wait --offset p:n | --records n | --idle dur [options] TOPIC"
	run3 klog-topic wait --records 1 --idle 1s a
	is_status 2
	head -n 1 "$ERR" >first
	[ "$(cat first)" = "klog-topic: only one of --offset, --records and --idle" ]
	for bad in 1 : 1: :1 x:1 0:-1 0:1x 99999999999:1 '0: 1'; do
		run3 klog-topic wait --offset "$bad" a
		is_status 2
		[ "$(head -n 1 "$ERR")" = "klog-topic: --offset: \"$bad\" is not a partition and an offset, such as 0:1000" ]
	done
}
