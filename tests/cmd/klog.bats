#!/usr/bin/env bats
# klog: the front door.

load helper
load examples

# The programs of a world of their own: $B holds klog and others.
setup() {
	helper_setup
	B=$T/bin
	mkdir "$B" else
	cp "$KLOG_BIN/klog" "$KLOG_BIN/klog-topic" "$B"
	PATH=$B:$T/else:/usr/bin:/bin
	# A wrapper that runs valgrind: klog must still be where the others are.
	if [ "$(head -c 2 "$B/klog")" = '#!' ]; then
		cp "$KLOG_TOP/build/bin/klog" "$KLOG_TOP/build/bin/klog-topic" "$B"
		# shellcheck disable=SC2317
		klog() {
			valgrind -q --error-exitcode=99 --leak-check=full \
			    --errors-for-leak-kinds=definite "$B/klog" "$@"
		}
	fi
}

script() {
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod 755 "$1"
}

USAGE='usage: klog CMD [ARG...]
       klog help [CMD]'

@test "alone: the map of what stands beside it" {
	script bin/klog-mine 'touch ran'
	script else/klog-other :
	: >bin/klog-no-program
	mkdir bin/klog-dir
	script 'bin/klog-b@d' :
	for words in '' help; do
		# shellcheck disable=SC2086
		run3 klog $words
		is_status 0
		is_err ''
		is_out "$USAGE

Kafka's log as Unix filters.  klog CMD runs klog-CMD:

  mine
  topic  administer topics
  help   explain a program"
	done
	# A script may not know --help.
	[ ! -e ran ]
}

@test "every program that was built is in the map with its summary" {
	run3 "$KLOG_BIN/klog"
	is_status 0
	[ "$(wc -l <"$OUT")" -le 24 ]
	for program in "$KLOG_BIN"/klog-*; do
		name=${program##*/klog-}
		summary=$("$program" --help | sed -n '/^$/{n;p;q;}')
		[ -n "$summary" ]
		grep -Eq "^  $name +" "$OUT"
		grep -Fq "  $summary" "$OUT"
	done
}

@test "klog CMD runs klog-CMD with all that follows" {
	# shellcheck disable=SC2016
	script bin/klog-mine 'printf "<%s>" "$0" "$@"; echo; exit 7'
	run3 klog mine -v --help -- 'a b' ''
	is_status 7
	is_err ''
	is_out "<$B/klog-mine><-v><--help><--><a b><>"
	run3 klog topic create orders
	is_status 0
	run3 klog topic list
	is_out orders
	run3 klog -- topic list
	is_out orders
	run3 klog topic frob
	is_status 2
	err_like '^klog-topic: unknown command frob; there are create, list, '
}

@test "first beside klog, through links, then in PATH" {
	script else/klog-mine 'echo else'
	run3 klog mine
	is_status 0
	is_out else
	script bin/klog-mine 'echo bin'
	run3 env PATH="$T/else:$PATH" "$B/klog" mine
	is_out bin
	mkdir links
	ln -s ../bin/klog links/klog
	run3 env PATH=/usr/bin:/bin links/klog mine
	is_out bin
}

@test "an unknown command, with the nearest name" {
	for words in tpoic 'help tpoic'; do
		# shellcheck disable=SC2086
		run3 klog $words
		is_status 2
		is_out ''
		is_err "klog: unknown command tpoic; did you mean topic?
$USAGE"
	done
	for word in frobnicate ../klog-topic Topic 'to pic' ''; do
		run3 klog "$word"
		is_status 2
		is_out ''
		is_err "klog: unknown command $word; klog alone lists what there is
$USAGE"
	done
	run3 klog help topic more
	is_status 2
	is_err "klog: unexpected operand: more
$USAGE"
	run3 klog --frob
	is_status 2
	is_err "klog: unknown option --frob
$USAGE"
}

@test "a program that can't be run" {
	script bin/klog-mine :
	printf '\177ELF' >bin/klog-mine
	run3 klog mine
	is_status 3
	is_err 'klog: klog-mine: Exec format error'
}

@test "--version, --help" {
	run3 klog --version
	is_status 0
	is_err ''
	out_like '^klog \(klog\) [0-9.]+$'
	run3 klog -h
	is_status 0
	is_err ''
	out_like "^usage: klog CMD \\[ARG...\\]"
}

@test "help CMD: --help where there is no terminal" {
	run3 klog help topic
	is_status 0
	is_err ''
	cp "$OUT" got
	klog-topic --help | cmp - got
	run3 klog help frobnicate
	is_status 2
}

@test "help CMD: the manual page on a terminal, if there is one" {
	# shellcheck disable=SC2016
	script bin/man '[ "$1" = -w ] || echo "page $*"; [ "${2-$1}" = klog-topic ]'
	run3 on_terminal "" klog help topic
	is_status 0
	is_out $'page klog-topic\r'
	script bin/man 'exit 16'
	run3 on_terminal "" klog help topic
	is_status 0
	out_like '^usage: klog-topic create'
}

@test "the examples of the manual page run" {
	examples_run klog.1
}

@test "a full or closed stdout" {
	for words in '' help --help --version 'help topic'; do
		status=0
		# shellcheck disable=SC2086
		klog $words >/dev/full 2>err || status=$?
		[ "$status" -eq 3 ]
		grep -Eqx 'klog(-topic)?: stdout: No space left on device' err
		status=0
		# shellcheck disable=SC2086
		klog $words >&- 2>err || status=$?
		[ "$status" -eq 3 ]
		grep -Eqx 'klog(-topic)?: stdout: Bad file descriptor' err
	done
}
