# A member of a group that lives.  A file says: load group

# member TOPIC GROUP [OWNED]: a live member, process 4711 on host far since
# 2023-11-14T22:13:20Z, that has the partitions OWNED ("0-1", or none), until
# member_dies.  It is written as klog-format(5) has it, not by klog.
member() {
	mkfifo member.ready member.hold
	PYTHONPATH=$KLOG_TOP/tests/interop python3 -c '
import fcntl, os, sys
from prim import crc32c
topic, group, owned = sys.argv[1:]
lines = dict(x.split("=", 1) for x in open(topic + "/topic.conf"))
name = "1700000000000-far-4711-0000beef"
text = ("id=%s\nhost=far\npid=4711\nstarted=1700000000000\n"
        "assignor=range\ntopics=%sowned=%s\n" % (name, lines["id"], owned))
text += "end=%08x\n" % crc32c(text.encode())
folder = "%s/groups/%s/" % (topic, group)
member = open(folder + "members/" + name, "w")
fcntl.flock(member, fcntl.LOCK_EX)
member.write(text)
member.flush()
kept = []
if owned:
    first, _, last = owned.partition("-")
    for n in range(int(first), int(last or first) + 1):
        kept.append(open(folder + "owners/%d" % n, "a"))
        fcntl.flock(kept[-1], fcntl.LOCK_EX)
print("ready", flush=True)
sys.stdin.read()
' "$1" "$2" "${3-}" <member.hold >member.ready 3>&- &
	member_pid=$!
	exec 9>member.hold
	read -r _ <member.ready
}

member_dies() {
	exec 9>&-
	wait "$member_pid"
	rm member.ready member.hold
}
