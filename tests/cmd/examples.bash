# Run the examples of a manual page.  A file says: load examples

# What mdoc's escapes are, for sed.
EXAMPLE_PLAIN='s/\\(dq/"/g; s/\\-/-/g; s/\\e/\\/g; s/\\&//g'

# examples PAGE: the command lines in the EXAMPLES of man/PAGE.
examples() {
	awk '/^\.Sh/ { on = $2 == "EXAMPLES"; next }
	    on && /^\.Dl / { print substr($0, 5) }
	    on && /^\.Ed/ { block = 0 }
	    on && block { print }
	    on && /^\.Bd -literal/ { block = 1 }' "$KLOG_TOP/man/$1" |
	    sed "$EXAMPLE_PLAIN"
}

# examples_run PAGE: all of them in one shell; each must succeed and say
# nothing on standard error.
examples_run() {
	examples "$1" >"$T/examples"
	[ -s "$T/examples" ] || return 1
	run3 bash -o pipefail -e "$T/examples"
	is_status 0 && is_err ''
}
