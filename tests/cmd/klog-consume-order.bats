#!/usr/bin/env bats
# klog-consume: --merge, --reverse, --last; transactions.

load consume

@test "--merge: time order over partitions" {
	numbers t 4 50
	consume --merge t
	is_status 0
	is_err ''
	seq 50 | cmp - "$OUT"
	prints $'7\n8\n9' --merge -o @$((T0 + 6000)):$((T0 + 9000)) t
	prints $'1\n2\n3' --merge -n 3 t
}

@test "--merge: over topics; equal times in the order of the operands" {
	numbers a 2 4
	numbers b 2 4
	prints $'a1\nb1\na2\nb2\na3\nb3\na4\nb4' --merge -F '%t%s\n' a b
	prints $'b1\na1\nb2\na2' --merge -n 4 -F '%t%s\n' b a
}

@test "--merge: the order within a partition is kept, whatever the times" {
	python '
logs = [Log(), Log()]
for p, ts, v in ((0, 50, "late"), (0, 10, "early"), (0, 60, "last"),
                 (1, 20, "x"), (1, 55, "y")):
    logs[p].add(encode_batch([rec(logs[p].next, v, T + ts)]))
write_topic("t", logs)'
	prints $'x\nlate\nearly\ny\nlast' --merge t
	prints $'last\ny\nx\nearly\nlate' --reverse t
}

@test "--merge: large batches of many partitions, unpacked piece by piece" {
	# Each record of a batch is next to those of 59 others; some records
	# are larger than a piece may be.
	python '
n = 60
logs = [Log() for _ in range(n)]
value = lambda p, i: (b"%d-%d " % (p, i)) * (20000 if i % 97 == 5 and p < 3
                                             else 60)
for p in range(n):
    for first in 0, 400:
        logs[p].add(encode_batch(
            [rec(i, value(p, i), T + i * n + p)
             for i in range(first, first + 400)], codec=p % 5))
write_topic("t", logs)
with open("want", "wb") as f, open("tnaw", "wb") as g:
    lines = [value(p, i) + b"\n" for i in range(800) for p in range(n)]
    f.writelines(lines)
    g.writelines(reversed(lines))'
	klog-consume --merge t | cmp - want
	klog-consume --reverse t | cmp - tnaw
	klog-consume --last 1000 t | cmp - <(tail -1000 want)
	klog-consume --merge -o 350:450 t |
		cmp - <(head -$((450 * 60)) want | tail -$((100 * 60)))
}

@test "--reverse" {
	numbers t 3 20
	seq 20 | tac >want
	consume --reverse t
	is_status 0
	cmp want "$OUT"
	prints $'20\n19' --reverse -n 2 t
	prints $'5\n4\n3' --reverse -o @$((T0 + 2000)):$((T0 + 5000)) t
	holed
	prints $'i\nh\ng\nf\ne\nd\nc\nb\na' --reverse h
	prints $'f\ne\nd' --reverse -o 3:12 h
	refused '--reverse: has no place to start when following (-f)' \
		-f --reverse t
}

@test "--reverse through segments, indexed and not" {
	klog-topic create -c segment.bytes=16k t
	seq 20000 | klog-produce --batch-bytes 1k -z none t
	[ "$(find t/0 -name '*.log' | wc -l)" -gt 5 ]
	klog-consume --reverse t | cmp - <(seq 20000 | tac)
	rm t/0/*.index t/0/*.timeindex
	klog-consume --reverse t | cmp - <(seq 20000 | tac)
}

@test "--last: the newest of all partitions, in time order" {
	numbers t 3 20
	prints $'17\n18\n19\n20' --last 4 t
	prints '' --last 0 t
	consume --last 100 t
	seq 20 | cmp - "$OUT"
	prints $'20\n19' --last 2 --reverse t
	prints $'17\n18' --last 4 -n 2 t
	prints $'8\n9' --last 2 --until $((T0 + 9000)) t
	prints $'13\n16\n19' --last 3 -p 0 t
	refused "--last: where to start can't be given as well" --last 1 -o 3 t
	refused "--last: where to start can't be given as well" \
		--last 1 --since today t
}

@test "--last with a filter: the newest that pass" {
	numbers t 3 20
	prints $'9\n19' --last 2 -e 9 t
	prints $'1\n2\n3' --last 3 -e '^[123]$' t
	prints '' --last 3 -e x t
	holed
	prints $'a\ni' --last 2 -e '[ai]' h
}

# ---- transactions ----

# mixed: topic "x": 0 "plain"; 1 "yes" of a transaction that commits at 4;
# 2 "no" of one that aborts at 5; 3 "between"; 6 "open" of one without an
# end; 7 "behind".
mixed() {
	python '
log = Log()
batch(log, "plain")
batch(log, "yes", pid=1, pepoch=0, sequence=0, transactional=True)
batch(log, "no", pid=2, pepoch=0, sequence=0, transactional=True)
batch(log, "between")
log.commit(1, 0, T + 4000)
log.abort(2, 0, 2, T + 5000)
batch(log, "open", pid=1, pepoch=0, sequence=1, transactional=True)
batch(log, "behind")
write_topic("x", [log])'
}

@test "--isolation: committed is the default" {
	mixed
	prints $'plain\nyes\nbetween' x
	prints $'plain\nyes\nbetween' --isolation committed x
	prints $'plain\nyes\nno\nbetween\nopen\nbehind' \
		--isolation uncommitted x
	prints 3 -c x
	prints 6 -c --isolation uncommitted x
	refused '--isolation: "none" is not one of committed, uncommitted' \
		--isolation none x
}

@test "--isolation: -o -N, --last, --merge and --reverse" {
	mixed
	prints $'yes\nbetween' -o -2 x
	prints $'yes\nbetween' --last 2 x
	prints $'plain\nyes\nbetween' --last 5 x
	prints $'plain\nyes\nbetween' --merge x
	prints $'open\nbehind' --isolation uncommitted --last 2 x
	prints $'behind\nopen\nbetween\nno\nyes\nplain' \
		--isolation uncommitted --reverse x
}

@test "--isolation: a follower waits for the end of a transaction" {
	mixed
	mkfifo pipe
	timeout 60 klog-consume -f -n 5 x >pipe &
	exec 9<pipe
	for want in plain yes between; do
		read -r got <&9
		[ "$got" = "$want" ]
	done
	python '
from kafkawrite import encode_marker
with open("x/0/" + os.environ["LOG"], "ab") as f:
    f.write(encode_marker(8, True, 1, 0, T + 8000))'
	read -r got <&9
	[ "$got" = open ]
	read -r got <&9
	[ "$got" = behind ]
	wait $!
}
