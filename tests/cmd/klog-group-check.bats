#!/usr/bin/env bats
# klog-group check: the plugin for Nagios, the metrics for Prometheus.

load helper
load group

# orders: partitions with 10 and 5 records of 2023; billing has read 4 and 5,
# audit all, of another topic solo nothing.
setup() {
	helper_setup
	klog-topic create -p 2 orders
	seq 10 | klog-produce -t 1700000000000 -p 0 orders
	seq 5 | klog-produce -t 1700000000000 -p 1 orders
	printf '0 4 0\n1 5 0\n' | klog-group import -g billing orders
	printf '0 10 0\n1 5 0\n' | klog-group import -g audit orders
	klog-topic create other
	seq 3 | klog-produce -t 1700000000000 other
	echo '0 0 -1' | klog-group import -g solo other
}

# no_clock TEXT: stdout with ages of today replaced.
no_clock() {
	sed -E 's/\b[0-9]+d[0-9]+h/AGE/g; s/\b[0-9]{8}\.[0-9]{3}/SECONDS/g' \
	    "$OUT" >plain
	same stdout plain "$1"
}

@test "nagios: all is well" {
	run3 klog-group check -g audit orders
	is_status 0
	is_err ''
	is_out "KLOG OK - groups: 1, largest lag 0, highest age 0ms | 'orders/audit lag'=0;;;0 'orders/audit age'=0.000s;;;0"
	run3 klog-group check --lag-warn 6 --lag-crit 6 orders other
	is_status 0
	no_clock "KLOG OK - groups: 3, largest lag 6, highest age AGE | 'orders/audit lag'=0;6;6;0 'orders/audit age'=0.000s;;;0 'orders/billing lag'=6;6;6;0 'orders/billing age'=SECONDSs;;;0 'other/solo lag'=3;6;6;0 'other/solo age'=SECONDSs;;;0"
	klog-topic create new
	run3 klog-group check --lag-crit 0 new
	is_status 0
	is_out 'KLOG OK - groups: 0, largest lag 0, highest age 0ms'
}

@test "nagios: warning and critical, the worst first" {
	run3 klog-group check --lag-warn 5 --lag-crit 100 -g billing orders
	is_status 1
	is_err ''
	no_clock "KLOG WARNING - orders/billing: lag 6 (partition 0), age AGE (partition 0) | 'orders/billing lag'=6;5;100;0 'orders/billing age'=SECONDSs;;;0"
	run3 klog-group check --lag-crit 5 --lag-warn 2 other orders
	is_status 2
	is_err ''
	no_clock "KLOG CRITICAL - orders/billing: lag 6 (partition 0), age AGE (partition 0); other/solo: lag 3 (partition 0), age AGE (partition 0) | 'other/solo lag'=3;2;5;0 'other/solo age'=SECONDSs;;;0 'orders/audit lag'=0;2;5;0 'orders/audit age'=0.000s;;;0 'orders/billing lag'=6;2;5;0 'orders/billing age'=SECONDSs;;;0"
	run3 klog-group check --age-warn 90s --age-crit 1000w -g solo other
	is_status 1
	no_clock "KLOG WARNING - other/solo: lag 3 (partition 0), age AGE (partition 0) | 'other/solo lag'=3;;;0 'other/solo age'=SECONDSs;90.000;604800000.000;0"
	run3 klog-group check --age-crit 250ms -g solo other
	is_status 2
	no_clock "KLOG CRITICAL - other/solo: lag 3 (partition 0), age AGE (partition 0) | 'other/solo lag'=3;;;0 'other/solo age'=SECONDSs;;0.250;0"
	run3 klog-group check --age-crit 0 --lag-crit 0 -g audit orders
	is_status 0
}

@test "nagios: what fails is unknown, on stdout" {
	run3 klog-group check gone orders
	is_status 3
	is_err ''
	is_out "KLOG UNKNOWN - $T/gone: no such topic"
	run3 klog-group check -g gone orders
	is_status 3
	is_err ''
	is_out "KLOG UNKNOWN - $T/orders/groups/gone: no such group"
	mkdir 'a|b'
	run3 klog-group check 'a|b/gone'
	is_status 3
	is_out 'KLOG UNKNOWN - a?b/gone: no such topic'
	printf x | dd of=orders/0/00000000000000000000.log bs=1 seek=70 \
	    conv=notrunc status=none
	run3 klog-group check --lag-crit 0 orders
	is_status 3
	is_err ''
	out_like "^KLOG UNKNOWN - $T/orders/0/0{20}.log: position 0: offset 4: checksum mismatch"
	[ "$(wc -l <"$OUT")" -eq 1 ]
}

@test "called wrongly" {
	while IFS='|' read -r words why; do
		# shellcheck disable=SC2086
		run3 klog-group check $words orders
		is_status 2
		is_out ''
		[ "$(head -n 1 "$ERR")" = "klog-group: $why" ] || {
			cat "$ERR"
			return 1
		}
	done <<-'END'
		--lag-warn 2 --lag-crit 1|--lag-warn is larger than --lag-crit
		--age-warn 2s --age-crit 1s|--age-warn is larger than --age-crit
		--lag-warn -1|--lag-warn: "-1" is not a number from 0 on
		--age-crit 1y|--age-crit: "1y" is not a duration such as 250ms, 30s or 1h30m
		--format xml|--format: "xml" is not one of nagios, prometheus
		-O x|-O is for --format prometheus
		--format prometheus --age-warn 0|limits are for --format nagios: Prometheus has alerting rules
		--format prometheus -O d/|-O: "d/" names no file
		./other/../orders|two topics are called orders: they could not be told apart
	END
	[ ! -e x ]
}

METRICS='# HELP klog_group_lag_records Offsets of the log that the group has not read.
# TYPE klog_group_lag_records gauge
klog_group_lag_records{topic="orders",partition="0",group="audit"} 0
klog_group_lag_records{topic="orders",partition="1",group="audit"} 0
klog_group_lag_records{topic="orders",partition="0",group="billing"} 6
klog_group_lag_records{topic="orders",partition="1",group="billing"} 0
klog_group_lag_records{topic="new",partition="0",group="late"} 0
klog_group_lag_records{topic="new",partition="1",group="late"} 0
# HELP klog_group_lag_seconds Age of the record that the group reads next, 0 if none.
# TYPE klog_group_lag_seconds gauge
klog_group_lag_seconds{topic="orders",partition="0",group="audit"} 0.000
klog_group_lag_seconds{topic="orders",partition="1",group="audit"} 0.000
klog_group_lag_seconds{topic="orders",partition="0",group="billing"} SECONDS
klog_group_lag_seconds{topic="orders",partition="1",group="billing"} 0.000
klog_group_lag_seconds{topic="new",partition="0",group="late"} 0.000
klog_group_lag_seconds{topic="new",partition="1",group="late"} 0.000
# HELP klog_group_members Live members of the group.
# TYPE klog_group_members gauge
klog_group_members{topic="orders",group="audit"} 0
klog_group_members{topic="orders",group="billing"} 1
klog_group_members{topic="new",group="late"} 0
# HELP klog_group_committed_offset Offset that the group reads next.
# TYPE klog_group_committed_offset gauge
klog_group_committed_offset{topic="orders",partition="0",group="audit"} 10
klog_group_committed_offset{topic="orders",partition="1",group="audit"} 5
klog_group_committed_offset{topic="orders",partition="0",group="billing"} 4
klog_group_committed_offset{topic="orders",partition="1",group="billing"} 5
klog_group_committed_offset{topic="new",partition="1",group="late"} 0
# HELP klog_log_end_offset Offset that the next record gets.
# TYPE klog_log_end_offset gauge
klog_log_end_offset{topic="orders",partition="0"} 10
klog_log_end_offset{topic="orders",partition="1"} 5
klog_log_end_offset{topic="new",partition="0"} 0
klog_log_end_offset{topic="new",partition="1"} 0'

@test "prometheus: the metrics" {
	klog-topic create -p 2 new
	echo '1 0 -1' | klog-group import -g late new
	member orders billing 0
	run3 klog-group check --format prometheus orders new
	member_dies
	is_status 0
	is_err ''
	no_clock "$METRICS"
	# Its grammar: comments, and samples whose metric was just declared.
	cp "$OUT" metrics
	# shellcheck disable=SC2016
	run3 awk '/^# HELP/ { name = $3; next }
	    /^# TYPE/ { if ($3 != name || $4 != "gauge") print; next }
	    !/^[a-z_]+\{([a-z]+="[A-Za-z0-9._-]+",?)+\} [0-9]+(\.[0-9]+)?$/ ||
	    index($0, name "{") != 1 || seen[$1]++' metrics
	is_out ''
	run3 klog-group check --format prometheus -g audit orders
	[ "$(grep -c billing "$OUT")" -eq 0 ]
}

@test "prometheus: promtool takes them" {
	command -v promtool >/dev/null || skip "promtool is not there"
	klog-topic create empty
	for topics in 'orders other' empty; do
		# shellcheck disable=SC2086
		klog-group check --format prometheus -O "$T/metrics" $topics
		run3 promtool check metrics <"$T/metrics"
		is_status 0
		is_out ''
		is_err ''
	done
}

@test "prometheus: -O replaces the file at once" {
	mkdir dir
	ln -s dir link
	echo old >dir/klog.prom
	exec 8<dir/klog.prom
	umask 027
	run3 klog-group check --format prometheus -O link/klog.prom orders
	is_status 0
	is_out ''
	is_err ''
	# Who has the old file open still has all of it.
	[ "$(cat <&8)" = old ]
	exec 8<&-
	grep -qx 'klog_log_end_offset{topic="orders",partition="0"} 10' \
	    dir/klog.prom
	[ "$(ls -A dir)" = klog.prom ]
	[ "$(stat -c %a dir/klog.prom)" = 640 ]
	(cd dir && klog-group check --format prometheus -O here "$T/orders")
	[ -s dir/here ]
}

@test "prometheus: what fails prints nothing and leaves the file" {
	echo old >klog.prom
	run3 klog-group check --format prometheus -O klog.prom orders gone
	is_status 3
	is_out ''
	is_err "klog-group: $T/gone: no such topic"
	run3 klog-group check --format prometheus gone orders
	is_status 3
	is_out ''
	[ "$(cat klog.prom)" = old ]
	run3 klog-group check --format prometheus -O none/klog.prom orders
	is_status 3
	is_err 'klog-group: none/.: No such file or directory'
	mkdir taken
	run3 klog-group check --format prometheus -O taken orders
	is_status 3
	is_err 'klog-group: ./taken: Is a directory'
	[ -z "$(find . -maxdepth 1 -name '.taken*')" ]
}
