"""What is killed at its system calls: a topic, a command, and what has to be
there when it has run to its end."""

import os
import random
import shutil

import kafkawrite
import made
import rules
import streams
from kafkalog import Record
from kafkawrite import encode_batch

NOW = made.T0 + 3600 * 1000


def make(path, last, segments=6, each=12, **conf):
    """Sealed segments of 4 batches, two transactions, tombstones; a segment
    of 4 KiB takes about two of them.  The active one has the keys last."""
    rng = random.Random(1)
    log = kafkawrite.Log()
    for s in range(segments):
        for b in range(4):
            records = [Record(
                log.next + n, made.T0 + s * 60000 + b, b"k%d"
                % rng.randrange(15), None if rng.randrange(6) == 0
                else b"%d %s" % (log.next + n, b"v" * 20), [])
                for n in range(each)]
            log.add(encode_batch(records, codec=b, epoch=s // 2))
        if s == 1:
            first = log.next
            log.add(encode_batch(
                [Record(first, made.T0, b"k1", b"aborted", [])], epoch=0,
                pid=9, pepoch=0, sequence=0, transactional=True))
        if s == 2:
            log.abort(9, 0, first, made.T0, epoch=1)
        log.roll()
    log.add(encode_batch([Record(log.next + n, NOW, key, b"one", [])
                          for n, key in enumerate(last)], epoch=9))
    shutil.rmtree(path, ignore_errors=True)
    conf.setdefault("segment_bytes", 4096)
    kafkawrite.write_topic(path, [log], index_interval_bytes=300, **conf)


class Scene:
    """One command on copies of one topic."""

    program = "klog-clean"
    live = True
    again = (0,)            # how one more run may end

    def __init__(self, state, name, args, conf):
        self.name, self.args, self.conf = name, args, conf
        self.base = os.path.join(state, "base-" + name)
        # It counts if it is closed; a producer beside it may close it too.
        last = (b"k0", b"k1") if "--roll" in args else (b"last",)
        make(self.base, last,
             **{k.replace(".", "_"): v for k, v in conf.items()})
        self.before = self.read(self.base)
        self.want = self.rule(self.base)

    @staticmethod
    def read(topic):
        """{offset: fields} of what a reader is shown."""
        got = streams.from_json(streams.run("klog-consume", "-J", topic))
        return {r.offset: r.fields() for _, _, r in got}

    def rule(self, topic):
        """What the model leaves of it."""
        conf = dict(rules.DEFAULTS, **self.conf)
        part = rules.read(os.path.join(topic, "0"), True, 300)
        gone, _ = rules.retain(part, conf, NOW)
        part.segments = part.segments[gone:]
        part.start = max(part.start, part.segments[0].base)
        left = part.batches()
        if "--roll" in self.args:
            part = rules.roll(part, conf, NOW, True)
        if "compact" in conf["cleanup.policy"]:
            left = rules.compact(part, conf, NOW, True)[0]
        return {r.offset: r.fields() for b in left if not b.control
                for r in b.records}

    def copy(self, topic):
        """A topic of its own."""
        os.makedirs(os.path.dirname(topic), exist_ok=True)
        shutil.copytree(self.base, topic)

    def command(self, topic):
        """What runs, and what ends what a kill left."""
        return [streams.program(self.program), "-q", "--now", str(NOW),
                *self.args, topic]

    def traced(self, strace):
        """The tracer's command for it."""
        return strace

    def check_half(self, topic):
        """What else holds after the kill."""

    def check_whole(self, topic):
        """What else holds in the end."""


class Hook(Scene):
    """No segment goes that --before-delete has not had."""

    live = False

    def traced(self, strace):
        """Not what the hook runs."""
        return [x for x in strace if x != "-f"]

    def command(self, topic):
        saved = os.path.join(os.path.dirname(topic), "saved")
        os.makedirs(saved, exist_ok=True)
        return [streams.program(self.program), "-q", "--now", str(NOW),
                "--before-delete", "cp %%f '%s'" % saved, topic]

    def check_half(self, topic):
        saved = os.path.join(os.path.dirname(topic), "saved")
        have = os.listdir(saved) if os.path.exists(saved) else []
        there = os.listdir(os.path.join(topic, "0"))
        for name in os.listdir(os.path.join(self.base, "0")):
            if not name.endswith(".log"):
                continue
            with open(os.path.join(self.base, "0", name), "rb") as f:
                data = f.read()
            if name in there:
                continue
            if name not in have:
                raise streams.Failed("%s went unsaved" % name)
            with open(os.path.join(saved, name), "rb") as f:
                if f.read() != data:
                    raise streams.Failed("%s is not what was saved" % name)

    check_whole = check_half


class Trim(Scene):
    """klog-topic trim."""

    program = "klog-topic"
    AT = 100

    def command(self, topic):
        return [streams.program(self.program), "trim", "-o", str(self.AT),
                topic]

    def rule(self, topic):
        return {o: f for o, f in self.before.items() if o >= self.AT}


class Snapshot(Scene):
    """klog-topic snapshot: the new topic is whole or is not there."""

    program = "klog-topic"
    again = (0, 3)          # it is there already

    def rule(self, topic):
        return dict(self.before)

    def command(self, topic):
        return [streams.program(self.program), "snapshot", topic,
                self.new(topic)]

    @staticmethod
    def new(topic):
        return os.path.join(os.path.dirname(topic), "new")

    def check_half(self, topic):
        if os.path.exists(self.new(topic)):
            self.check_new(topic)

    def check_new(self, topic):
        got, had = self.read(self.new(topic)), self.read(topic)
        if max(got) < max(self.before):
            raise streams.Failed("the new topic ends at %d" % max(got))
        streams.same(sorted(got.items()), sorted(
            x for x in had.items() if x[0] <= max(got)), "the new topic")
        streams.run("klog-check", "--deep", "-q", self.new(topic))

    def check_whole(self, topic):
        self.check_new(topic)
        odd = set(os.listdir(os.path.dirname(topic))) - {"t", "new", "trace"}
        if odd:
            raise streams.Failed("left over: %s" % odd)


def all_scenes(state):
    """All of them, made anew."""
    def there(name, *args):
        try:
            return streams.run(name, *args) or True
        except (streams.Failed, FileNotFoundError):
            return False

    compact = {"cleanup.policy": "compact", "segment.bytes": 4096,
               "delete.retention.ms": 1000}
    delete = {"cleanup.policy": "delete", "segment.bytes": 4096,
              "retention.ms": 3600 * 1000 - 150000}
    out = [Scene(state, "retain", [], delete),
           Hook(state, "hook", [], delete)]
    if there("klog-topic", "trim", "--help"):
        out.append(Trim(state, "trim", [], delete))
    if there("klog-topic", "snapshot", "--help"):
        out.append(Snapshot(state, "snapshot", [], delete))
    if b"--force" in streams.run("klog-clean", "--help"):
        out.insert(0, Scene(state, "compact", ["--force"], compact))
        out.insert(1, Scene(state, "both", ["--force"], dict(
            compact, **{"cleanup.policy": "compact,delete",
                        "retention.ms": 3600 * 1000 - 150000})))
        out.insert(2, Scene(state, "roll", ["--force", "--roll"], compact))
    return out
