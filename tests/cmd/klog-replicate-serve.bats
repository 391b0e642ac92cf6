#!/usr/bin/env bats
# klog-replicate --serve: what the far side lets a caller do.

load helper
load replicate

setup() {
	helper_setup
	mkdir root here
	unset KLOG_DIR
}

# forced OPTION...: as a key whose command= is klog-replicate --serve --root:
# what the caller asks for is not looked at.
forced() {
	cat >"$T/rsh" <<-END
		#!/bin/sh
		export SSH_ORIGINAL_COMMAND="\$2"
		exec klog-replicate --serve --root "$T/root" $*
	END
	chmod +x "$T/rsh"
	export KLOG_RSH=$T/rsh
}

# byte N: the byte of that value.
byte() {
	printf '%b' "$(printf '\\x%02x' "$1")"
}

@test "--root: only the last part of a path counts" {
	forced
	klog-topic create root/a
	seq 10 | klog-produce root/a
	run3 klog-replicate h:/etc/a here/a
	is_status 0
	is_err ''
	same_logs root/a here/a
	run3 klog-replicate h:/etc/passwd here/
	is_status 3
	is_err 'klog-replicate: h: passwd: no such topic'
	klog-topic create here/b
	run3 klog-replicate here/b h:/etc/
	is_status 0
	[ -e root/b/topic.conf ]
}

@test "--root: no way out by links" {
	forced
	mkdir out
	klog-topic create out/a
	ln -s "$T/out/a" root/a
	run3 klog-replicate h:a here/
	is_status 3
	is_err 'klog-replicate: h: a: is not a topic: not a directory, or a symbolic link'
	klog-topic create root/b
	rm -r root/b/0
	ln -s "$T/out/a/0" root/b/0
	run3 klog-replicate h:b here/
	is_status 3
	err_like 'b/0: is a symbolic link'
	mkdir root/c
	ln -s "$T/out/a/topic.conf" root/c/topic.conf
	run3 klog-replicate h:c here/
	is_status 3
	run3 klog-replicate 'h:.hidden' here/
	is_status 2
}

@test "--read-only: read, and not a byte is written" {
	forced --read-only
	klog-topic create root/a
	seq 10 | klog-produce root/a
	klog-consume -n 4 -g g root/a >/dev/null
	find root -type f -exec stat -c '%n %s %y' {} + | sort >before
	run3 klog-replicate h:a here/a
	is_status 0
	same_logs root/a here/a
	run3 klog-replicate --json h:a here/a
	[ "$(of records)" = 0 ]
	find root -type f -exec stat -c '%n %s %y' {} + | sort >after
	cmp before after
	klog-topic create here/b
	run3 klog-replicate here/b h:
	is_status 6
	is_err 'klog-replicate: h: nothing may be written here, only read'
	[ ! -e root/b ]
}

@test "--append-only: copies grow, and nothing else" {
	forced --append-only
	klog-topic create here/a
	seq 10 | klog-produce here/a
	run3 klog-replicate here/a h:
	is_status 0
	same_logs here/a root/a
	cp root/a/topic.conf conf
	klog-topic alter -q -c retention.ms=1h -p 2 here/a
	klog-topic trim -o 5 -p 0 here/a >/dev/null
	seq 10 | klog-produce -p 1 here/a
	run3 klog-replicate here/a h:
	is_status 0
	same_logs here/a root/a
	diff conf root/a/topic.conf >changed || :
	run3 grep -c '^[<>]' changed
	is_out 2
	[ ! -e root/a/0/log-start-offset ]
	run3 klog-replicate h:a here/x
	is_status 6
	is_err 'klog-replicate: h: nothing may be read here, only appended'
}

@test "a caller who says what can't be is told so and left" {
	klog-topic create root/a
	# No greeting; a message that is none; one that is too large; nothing.
	for said in 'GET / HTTP/1.0\r\n\r\n' 'klog-replicate 1\n\xff' \
	    'klog-replicate 1\n\x05\xff\xff\xff\xff' \
	    'klog-replicate 1\n\x06\x00\x00\x00\x10' 'klog-replicate 1\n'; do
		printf '%b' "$said" >said
		run3 timeout 20 klog-replicate --serve --root root <said
		is_status 3
		[ "$(head -n 1 "$OUT" | tr -d '\0')" = 'klog-replicate 1' ]
	done
	# An acknowledgement of a topic that was never offered.
	{
		printf 'klog-replicate 1\n'
		printf '\x01\0\0\0\x09\x01\0\0\x01x\0\0\0\0'
		printf '\x06\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	} >said
	run3 timeout 20 klog-replicate --serve root <said
	is_status 3
	out_like 'topic 0 was not offered'
}

@test "names that lead elsewhere are no topics" {
	klog-topic create root/a
	for name in ../here/a /etc .a a/b; do
		{
			printf 'klog-replicate 1\n'
			printf '\x01\0\0\0'
			byte $((11 + ${#name}))
			printf '\x01\0\0\x01x\0\0\0'
			byte $((2 + ${#name}))
			printf '\0'
			byte ${#name}
			printf '%s' "$name"
		} >said
		run3 timeout 20 klog-replicate --serve root <said
		is_status 3
		out_like 'is not a topic'
	done
}

@test "rights are given up: no program, no file outside" {
	[[ $KLOG_BIN != */valgrind/* ]] || skip "valgrind makes calls of its own"
	export ASAN_OPTIONS=detect_leaks=0
	klog-topic create root/a
	printf 'klog-replicate 1\n' >said
	strace -f -qq -e trace=prctl,landlock_restrict_self,execve -o calls \
	    klog-replicate --serve --root root <said >/dev/null 2>&1 || :
	grep -q 'prctl(PR_SET_NO_NEW_PRIVS, 1' calls
	grep -q 'landlock_restrict_self(.*) = 0' calls ||
		grep -q 'landlock' calls || skip "this kernel has no Landlock"
	[ "$(grep -c execve calls)" = 1 ]
}
