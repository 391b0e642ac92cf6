#!/usr/bin/env bats
# The EXAMPLES of all manual pages run, each page in a folder of its own.

load helper
load examples

# page_runs PAGE
page_runs() {
	local program

	mkdir "$T/$1.d" && cd "$T/$1.d" || return 1
	export KLOG_DIR=$PWD
	for program in $(examples "$1" | grep -oE '\bklog(-[a-z]+)?\b' |
		sort -u); do
		command -v "$program" >/dev/null || {
			echo "# $1: $program is not there, not run" >&3
			return 0
		}
	done
	# A remote host is this one, and its home the page's folder.
	printf '#!/bin/sh\nshift\nexec sh -c "exec $*"\n' >"$T/rsh"
	chmod +x "$T/rsh"
	export KLOG_RSH=$T/rsh
	run3 timeout 60 bash -o pipefail -e "$T/examples" </dev/null
	[ "$status" -eq 0 ] && return 0
	echo "an example of $1 failed, status $status:"
	cat "$T/examples"
	sed 's/^/stderr: /' "$ERR"
	return 1
}

@test "examples of the manual pages" {
	local page count=0 failed=0

	for page in "$KLOG_TOP"/man/*.[1-8]; do
		page=${page##*/}
		examples "$page" >"$T/examples"
		# Programs have examples; formats need none.
		if [ ! -s "$T/examples" ]; then
			[ "${page##*.}" != 1 ] || {
				echo "$page has no examples"
				failed=1
			}
			continue
		fi
		# mdoc takes quotes away, and what follows becomes a word.
		! grep -E '^\.Dl (.* )?"' "$KLOG_TOP/man/$page" || failed=1
		count=$((count + 1))
		page_runs "$page" || failed=1
		cd "$T" || return 1
	done
	[ "$failed" -eq 0 ]
	[ "$count" -gt 0 ]
}

@test "examples are shown as they run" {
	local page line bad=0

	command -v mandoc >/dev/null || skip "no mandoc"
	for page in "$KLOG_TOP"/man/*.[1-8]; do
		mandoc -T utf8 -O width=300 "$page" | col -bx |
		    sed 's/^ *//' >"$T/shown"
		awk '/^\.Dl / { print substr($0, 5) }' "$page" |
		    sed "$EXAMPLE_PLAIN" >"$T/run"
		while read -r line; do
			grep -qxF -e "$line" "$T/shown" || {
				echo "${page##*/}: $line"
				bad=1
			}
		done <"$T/run"
	done
	[ "$bad" -eq 0 ]
}
