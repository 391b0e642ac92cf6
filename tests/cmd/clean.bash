# Helpers of the tests of klog-clean.  A file says: load clean

# days TOPIC [N]: a record of 74 bytes a day, N days from 2026-01-01 on (27).
# Segments begin after segment.ms, 7 days, so at offsets 0, 8, 16 and 24.
days() {
	local day

	for day in $(seq -f %02g "${2:-27}"); do
		echo "day $day" | klog-produce -z none -t "2026-01-$day" "$1" ||
			return 1
	done
}

# segments FOLDER: the base offsets of a partition's segments, on one line.
segments() {
	find "$1" -name '*.log' -printf '%f\n' | sort |
		sed 's/^0*\(.*[0-9]\)\.log$/\1/' | paste -sd ' '
}

# log FOLDER BASE: the path of a segment.
log() {
	printf '%s/%020d.log' "$1" "$2"
}

# went FOLDER BASE LAST SIZE DAY WORD: a line of klog-clean, by time.
went() {
	echo "$(log "$1" "$2"): $6: offsets $2 to $3, $4: its newest record, of" \
		"2026-01-$5T00:00:00.000Z, is older than retention.ms (7d)"
}
