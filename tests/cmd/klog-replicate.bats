#!/usr/bin/env bats
# klog-replicate SRC DST: what is copied, and what is not sent twice.
# The others: klog-replicate-serve.bats, klog-replicate-follow.bats.

load helper
load replicate

setup() {
	helper_setup
	mkdir here there
	unset KLOG_DIR
}

@test "a copy has the same bytes, id, settings, and is a replica" {
	klog-topic create -p 3 -c retention.ms=1d -c segment.bytes=1M here/a
	seq 1000 | klog-produce here/a
	run3 klog-replicate here/a there/a
	is_status 0
	is_out ''
	is_err ''
	same_logs here/a there/a
	cmp here/a/topic.conf there/a/topic.conf
	run3 cat there/a/role
	is_out "replica of $(hostname):$T/here/a"
	[ "$(count_of there/a)" = 1000 ]
	run3 klog-check --deep there/a
	is_status 0
	run3 klog-produce there/a </dev/null
	is_status 0
	echo x >x
	run3 klog-produce there/a x
	is_status 6
}

@test "only what is missing is sent, and nothing when nothing is" {
	klog-topic create here/a
	head -c 700000 /dev/urandom | base64 -w 0 |
	    klog-produce -z none --whole here/a
	run3 klog-replicate --json here/a there/a
	is_status 0
	[ "$(of records)" = 1 ]
	[ "$(of bytes)" = "$(stat -c %s here/a/0/*0.log)" ]
	echo one | klog-produce here/a
	run3 klog-replicate --json here/a there/a
	is_status 0
	[ "$(of records)" = 1 ]
	[ "$(of received)" -lt 1000 ]
	run3 klog-replicate --json here/a there/a
	is_status 0
	[ "$(of records)" = 0 ]
	[ "$(of received)" -lt 600 ]
	[ "$(of sent)" -lt 600 ]
	same_logs here/a there/a
}

@test "many topics in one connection, by slash and by pattern" {
	far
	for t in a1 a2 b; do
		klog-topic create -p 2 here/$t
		seq 10 | klog-produce here/$t
	done
	run3 klog-replicate "h:$T/here/a*" there/
	is_status 0
	is_err ''
	run3 ls there
	is_out 'a1
a2'
	run3 klog-replicate "h:$T/here/" new/
	is_status 0
	run3 ls new
	is_out 'a1
a2
b'
	[ "$(wc -l <hosts)" = 2 ]
	same_logs here/b new/b
	run3 cat new/b/role
	is_out "replica of h:$T/here/b"
	run3 klog-replicate "h:$T/here/x*" there/
	is_status 3
	is_err 'klog-replicate: h: x*: matches no topic'
}

@test "into a folder that is there, written as a word, a path, with a slash" {
	klog-topic create here/a
	mkdir there/in b.d
	run3 klog-replicate here/a b.d
	is_status 0
	is_out ''
	is_err ''
	[ -e b.d/a/role ]
	run3 klog-replicate here/a ./there
	is_status 0
	[ -e there/a/role ]
	KLOG_DIR=$T/there run3 klog-replicate "$T/here/a" in
	is_status 0
	[ -e there/in/a/role ]
	KLOG_DIR=$T/there run3 klog-replicate "$T/here/*" new
	is_status 0
	[ -e there/new/a/role ]
	run3 klog-replicate here/a b.d/a
	is_status 0
}

@test "push: the copy is on the far side" {
	far
	klog-topic create -p 2 here/a
	seq 100 | klog-produce here/a
	run3 klog-replicate here/a "u@h:$T/there/z"
	is_status 0
	is_out ''
	is_err ''
	same_logs here/a there/z
	run3 cat there/z/role
	is_out "replica of $(hostname):$T/here/a"
	run3 cat hosts
	is_out 'u@h'
	run3 klog-replicate here/a "h:$T/there/"
	is_status 0
	same_logs here/a there/a
}

@test "a path there that begins at home" {
	far
	klog-topic create here/a
	run3 klog-replicate 'h:~/here/a' 'there/'
	is_status 0
	is_err ''
	run3 klog-replicate here/a h:there/b
	is_status 0
	is_err ''
	[ -e there/a/role ]
	[ -e there/b/role ]
}

@test "partitions, and the rest of them later" {
	klog-topic create -p 3 here/a
	for p in 0 1 2; do seq 10 | klog-produce -p $p here/a; done
	run3 klog-replicate --json -p 1 here/a there/a
	is_status 0
	[ "$(of records)" = 10 ]
	run3 klog-consume -c -p 0,2 there/a
	is_out 0
	run3 klog-replicate --json here/a there/a
	[ "$(of records)" = 20 ]
	same_logs here/a there/a
	far
	run3 klog-replicate --json -p 0 here/a "h:$T/there/b"
	[ "$(of records)" = 10 ]
}

@test "groups travel after the records, and only if wanted" {
	klog-topic create here/a
	seq 10 | klog-produce here/a
	klog-consume -n 4 -g g here/a >/dev/null
	run3 klog-replicate --no-groups here/a there/a
	[ ! -e there/a/groups ]
	run3 klog-replicate --json here/a there/a
	is_status 0
	[ "$(of groups)" = 1 ]
	run3 klog-group export -g g there/a
	is_out "$(klog-group export -g g here/a)"
	run3 klog-replicate --json here/a there/a
	[ "$(of groups)" = 0 ]
}

@test "settings and partitions follow the source" {
	klog-topic create here/a
	klog-replicate here/a there/a
	klog-topic alter -q -p 2 -c retention.ms=2h here/a
	echo x | klog-produce -p 1 here/a
	run3 klog-replicate here/a there/a
	is_status 0
	is_err ''
	cmp here/a/topic.conf there/a/topic.conf
	same_logs here/a there/a
}

@test "a copy gets no partitions of its own; its settings are its source's" {
	klog-topic create here/a
	klog-replicate here/a there/a
	run3 klog-topic alter -p 2 -c retention.ms=1h there/a
	is_status 6
	is_out ''
	is_err "klog-topic: there/a: is a replica of $(hostname):$T/here/a: add partitions there, they come with the next copy"
	cmp here/a/topic.conf there/a/topic.conf
	run3 klog-topic alter -c retention.ms=1h there/a
	is_status 0
	is_err "klog-topic: there/a: is a replica of $(hostname):$T/here/a: with the next copy come the settings of that one"
	run3 klog-replicate here/a there/a
	is_status 0
	cmp here/a/topic.conf there/a/topic.conf
}

@test "status of several topics, and of what is none" {
	klog-topic create here/a
	klog-topic create here/b
	klog-replicate --name c here/a there/
	mkdir here/none
	run3 klog-replicate status here/*
	is_status 3
	is_err 'klog-replicate: here/none: is not a topic: it has no topic.conf'
	[ "$(grep -c '^here/[ab]  leader$' "$OUT")" = 2 ]
	[ "$(sed -n '/^$/,$p' "$OUT" | sed 1,3d)" = '
here/b  leader
PARTITION  EPOCH  END  HIGH-WATERMARK  IN-SYNC  WANTED
        0      -    0               0        1       1' ]
	run3 klog-replicate status --json --dir here a b
	is_status 0
	[ "$(jq -r .topic "$OUT")" = 'a
b' ]
}

@test "a log start that was raised, and segments that are gone" {
	klog-topic create -c segment.bytes=1M here/a
	for _ in 1 2 3; do
		head -c 700000 /dev/zero | klog-produce -z none --whole here/a
	done
	klog-replicate here/a there/a
	klog-topic trim -o 2 here/a
	run3 klog-replicate here/a there/a
	is_status 0
	run3 ls there/a/0
	out_like '00000000000000000002.log'
	[ ! -e there/a/0/00000000000000000000.log ]
	run3 klog-topic offsets -o earliest there/a
	is_out "$(klog-topic offsets -o earliest here/a | sed s/here/there/)"
	# A copy that begins now begins there.
	run3 klog-replicate here/a there/b
	is_status 0
	run3 klog-consume -c there/b
	is_out 1
	run3 klog-check there/b
	is_status 0
	# One that is far behind starts over.
	echo x | klog-produce here/a
	rm -r there/a
	klog-replicate -q here/a there/a
	for _ in 1 2 3; do
		head -c 700000 /dev/zero | klog-produce -z none --whole here/a
	done
	klog-topic trim -o 6 here/a
	run3 klog-replicate here/a there/a
	is_status 0
	run3 klog-consume -c there/a
	is_out 1
	run3 klog-check there/a
	is_status 0
}

@test "a source that has nothing left: neither has its copy, which goes on" {
	seq 10 | klog-produce --create here/a
	klog-replicate here/a there/a
	klog-topic trim -o end here/a >/dev/null
	run3 klog-replicate here/a there/a
	is_status 0
	is_err ''
	run3 klog-check there/a
	is_status 0
	is_err ''
	[ "$(count_of there/a)" = 0 ]
	seq 11 13 | klog-produce here/a
	run3 klog-replicate here/a there/a
	is_status 0
	is_err ''
	run3 klog-consume -F '%o %s\n' there/a
	is_status 0
	is_out $'10 11\n11 12\n12 13'
	is_err ''
}

@test "a log start in the middle of a batch" {
	far
	klog-topic create here/a
	seq 10 | klog-produce here/a
	klog-replicate here/a there/at
	echo x | klog-produce here/a
	klog-replicate here/a there/whole
	seq 12 21 | klog-produce here/a
	seq 22 31 | klog-produce here/a
	klog-topic trim -o 4 here/a >/dev/null
	klog-topic snapshot here/a here/early
	run3 klog-replicate here/early there/early
	is_status 0
	is_err ''
	# The first batch goes over whole; none of it below the start is read.
	[ "$(klog-consume there/early)" = "$(seq 5 10; echo x; seq 12 31)" ]
	[ "$(stat -c %s there/early/0/00000000000000000000.log)" = \
	    "$(stat -c %s here/early/0/00000000000000000000.log)" ]
	klog-topic trim -o 15 here/a >/dev/null
	# A new one, one that ends below that batch, one that ends where it
	# begins, and again when nothing has come since.
	for to in there/new "h:$T/there/pushed" there/at there/whole there/new; do
		run3 klog-replicate here/a "$to"
		is_status 0
		is_err ''
		to=${to#"h:$T/"}
		[ "$(klog-consume "$to")" = "$(seq 16 31)" ]
		[ "$(klog-topic offsets --json "$to")" = \
		    "$(klog-topic offsets --json here/a | sed "s/\"a\"/\"${to##*/}\"/")" ]
		run3 klog-check "$to"
		is_status 0
	done
	# All below the end is gone.
	klog-topic trim -o end here/a >/dev/null
	run3 klog-replicate here/a there/none
	is_status 0
	[ "$(count_of there/none)" = 0 ]
	echo y | klog-produce here/a
	for to in there/none there/new; do
		run3 klog-replicate here/a "$to"
		is_status 0
		[ "$(klog-consume "$to")" = y ]
	done
}

@test "refused: another id, no replica, fewer partitions, no topic" {
	klog-topic create here/a
	klog-topic create there/a
	run3 klog-replicate here/a there/a
	is_status 3
	err_like '^klog-replicate: there/a: is another topic: its id is .*: copy to another name, or move this one away$'
	cp -r here/a there/b
	run3 klog-replicate here/a there/b
	is_status 6
	is_err 'klog-replicate: there/b: leads itself, nothing is copied over it: where another leads, klog-replicate follow makes this its replica'
	run3 klog-replicate here/none there/c
	is_status 3
	is_err 'klog-replicate: here/none: no such topic'
	[ ! -e there/c ]
}

@test "the same twice: topics that are their own copy, a copy that is being made" {
	klog-topic create here/a
	seq 10 | klog-produce here/a
	for to in here/a ./here/a here/ "$T/here"; do
		run3 klog-replicate here/a "$to"
		is_status 2
		[ "$(head -n 1 "$ERR")" = "klog-replicate: here/a and $to: are the same" ]
	done
	run3 klog-replicate here/ here/
	is_status 2
	run3 klog-replicate here/a here/b
	is_status 0
	klog-replicate -f --name c here/a there/a 2>err &
	pid=$!
	until_true has_records there/a 10
	run3 klog-replicate --name c here/a there/a
	kill "$pid"
	wait "$pid" || [ $? -eq 143 ]
	is_status 5
	is_err "klog-replicate: here/a: another process serves the copy c already"
}

# followers TOPIC: their names and hosts.
followers() {
	klog-replicate status --json "$1" |
	    jq -r '.followers[] | .name + " " + .host' | sort
}

@test "a copy has one name and its host, however it is written" {
	far
	klog-topic create here/a
	klog-topic create here/b
	for to in there/ there there/a; do
		klog-replicate here/a "$to"
		klog-replicate "h:$T/here/a" "$to"
	done
	klog-replicate here/ there/
	run3 followers here/a
	is_out "$(hostname):$T/there/a $(hostname)"
	run3 followers here/b
	is_out "$(hostname):$T/there/b $(hostname)"
	klog-replicate here/a "u@h:$T/there/"
	klog-replicate here/a "u@h:$T/there/a"
	klog-replicate --name far/ here/a "u@h:$T/there/a"
	klog-replicate --name near here/a there/
	SSH_CONNECTION='1.2.3.4 5 6.7.8.9 22' \
	    klog-replicate --name ssh "h:$T/here/a" there/
	env -u SSH_CONNECTION \
	    klog-replicate --name rsh "h:$T/here/a" there/
	run3 followers here/a
	is_out "$(printf '%s\n' 'far/a u@h' "near $(hostname)" 'rsh -' \
	    'ssh 1.2.3.4' "u@h:$T/there/a u@h" \
	    "$(hostname):$T/there/a $(hostname)" | sort)"
}

@test "-v tells in words what was copied" {
	klog-topic create here/a
	echo x | klog-produce -z none here/a
	run3 klog-replicate -v here/a there/a
	is_status 0
	err_like '^klog-replicate: here/a: copied 1 record in 1 batch, 69 bytes; the connection moved [0-9.k]+ in [0-9]+ms$'
	run3 klog-replicate -v here/a there/a
	err_like '^klog-replicate: here/a: copied 0 records in 0 batches, 0 bytes; '
}

@test "damage at the source is not copied" {
	klog-topic create here/a
	for _ in 1 2 3; do seq 100 | klog-produce here/a; done
	size=$(stat -c %s here/a/0/*0.log)
	printf X | dd of=here/a/0/00000000000000000000.log bs=1 conv=notrunc \
	    seek=$((size - 20)) status=none
	run3 klog-replicate here/a there/a
	is_status 4
	err_like 'a/0/00000000000000000000.log: position [0-9]+: offset 200: '
	run3 klog-consume -c there/a
	is_out 200
}

@test "usage" {
	run3 klog-replicate
	is_status 2
	[ "$(head -n 1 "$ERR")" = 'klog-replicate: SRC is missing' ]
	run3 klog-replicate a
	is_status 2
	[ "$(head -n 1 "$ERR")" = 'klog-replicate: DST is missing after a' ]
	klog-topic create here/a
	klog-topic create here/b
	run3 klog-replicate here/* there/
	is_status 2
	[ "$(head -n 1 "$ERR")" = 'klog-replicate: there/: one SRC and one DST: a pattern of topics is quoted, so that the shell leaves it alone' ]
	[ -z "$(ls there)" ]
	run3 klog-replicate h:a g:b
	is_status 2
	[ "$(head -n 1 "$ERR")" = \
	    'klog-replicate: h:a and g:b: one of them must be here' ]
	run3 klog-replicate -- -x:a there/
	is_status 2
	run3 klog-replicate 'h:here/a b' there/
	is_status 2
	run3 klog-replicate --serve --read-only
	is_status 2
	[ "$(head -n 1 "$ERR")" = 'klog-replicate: --read-only: goes with --root only' ]
	run3 klog-replicate --append-only here/a there/
	is_status 2
	[ "$(head -n 1 "$ERR")" = 'klog-replicate: --append-only: goes with --serve only' ]
	run3 klog-replicate --root here there
	is_status 2
	run3 klog-replicate --serve here there
	is_status 2
	run3 klog-replicate --serve --root . --read-only --append-only
	is_status 2
}

@test "a colon in a path, and words of the remote shell" {
	mkdir 'x:y'
	klog-topic create "$T/x:y/a"
	echo 1 | klog-produce "$T/x:y/a"
	run3 klog-replicate ./x:y/a there/a
	is_status 0
	cat >'my rsh' <<-'END'
		#!/bin/sh
		printf '%s\n' "$@" >words
		exec sh -c "$4"
	END
	chmod +x 'my rsh'
	run3 klog-replicate --rsh "'$T/my rsh'  -p \"2 2\"" \
	    "h:$T/x:y/a" there/b
	is_status 0
	is_err ''
	run3 cat words
	is_out "-p
2 2
h
klog-replicate --serve -- '$T/x:y'"
}

@test "the far side is not klog, is not there, goes away" {
	KLOG_RSH='echo Welcome' run3 klog-replicate h:a there/
	is_status 3
	is_err 'klog-replicate: h: says "Welcome h klog-replicate --serve" where klog-replicate should answer: does a start-up file of the shell there print something?'
	KLOG_RSH=$T/none run3 klog-replicate h:a there/
	is_status 3
	is_err "klog-replicate: can't run the remote shell: $T/none: No such file or directory
klog-replicate: h: no connection"
	KLOG_RSH=$T/none run3 klog-replicate -f h:a there/
	is_status 3
	KLOG_RSH=false run3 klog-replicate h:a there/
	is_status 3
	is_err 'klog-replicate: h: klog-replicate did not answer there (exit status 1)'
	printf '#!/bin/sh\nexit 255\n' >refused
	chmod +x refused
	KLOG_RSH=$T/refused run3 klog-replicate h:a there/
	is_status 3
	is_err 'klog-replicate: h: no connection (exit status 255)'
	far
	run3 klog-replicate --path-of-klog false h:a there/
	is_status 3
	is_err 'klog-replicate: h: klog-replicate did not answer there (exit status 1)'
	run3 klog-replicate -f --path-of-klog "$T/refuse" h:a there/
	is_status 3
	[ "$(tail -n 1 "$ERR")" = 'klog-replicate: h: klog-replicate can'\''t be run there: install klog, or name it by --path-of-klog (exit status 127)' ]
	# The far side tells the caller alone; he tells the user.
	run3 klog-replicate h:none/a there/
	is_status 3
	is_err 'klog-replicate: h: none: No such file or directory'
	printf '#!/bin/sh\nexec sleep 100\n' >silent
	chmod +x silent
	KLOG_RSH=$T/silent run3 klog-replicate --timeout 200ms h:a there/
	is_status 5
	is_err 'klog-replicate: h: nothing was heard for 200ms'
}
