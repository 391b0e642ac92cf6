"""A storm on one partition: producers and followers, killed and stopped at
random, and the checks of what they said against what is on disk.
"""

import os
import random
import re
import selectors
import shutil
import signal
import time

import kafkalog
import streams
from actors import Follower, Producer, line_of
from streams import Failed, run

PRODUCERS, FOLLOWERS = 16, 4
AT_REST = re.compile(
    r"\d{20}\.(log|index|timeindex|txnindex|snapshot)|state|cut|"
    r"leader-epoch-(checkpoint|origins)|log-start-offset|high-watermark|"
    r"recovery-point|(sync\.|clean\.)?lock")


class Storm:
    """One round: run() it, then each check_*() tells what is wrong."""

    def __init__(self, state, seed, seconds, lines):
        self.state, self.seed = state, seed
        self.seconds, self.lines = seconds, lines
        self.rng = random.Random(seed)
        self.topic = os.path.join(state, "storm")
        self.producers, self.followers = [], []
        self.stopped = {}       # process -> when it goes on
        self.kills = self.stops = 0
        self.log = []           # the values of the final log, by offset

    def run(self):
        """The storm itself; every producer that ends has to end well."""
        run("klog-topic", "create", "-p", "1", "-c", "segment.bytes=1M",
            "-c", "index.interval.bytes=%d"
            % self.rng.choice([512, 4096, 65536]), self.topic)
        try:
            self.followers = [Follower(n, self.rng, self.topic, self.state)
                              for n in range(FOLLOWERS)]
            self.producers = [
                Producer(n, self.seed, self.rng, self.topic,
                         os.path.join(self.state, "producer-%d.err" % n))
                for n in range(PRODUCERS)]
            self._blow()
            self._calm()
        except BaseException:
            self.clear()
            raise

    def clear(self):
        """Kill what still runs."""
        streams.end(a.proc for a in self.producers + self.followers)

    def _blow(self):
        begin = now = time.monotonic()
        end = begin + self.seconds
        events = [[begin + 0.3, 0.05, self._kill_producer],
                  [begin + 0.5, 0.4, self._kill_follower],
                  [begin + 0.4, 0.12, self._stop]]
        while now < end:
            share = (now - begin) / self.seconds
            for p in self.producers:
                p.feed(int(self.lines * share))
                p.collect()
            for event in events:
                if now >= event[0]:
                    event[2]()
                    event[0] = now + event[1] * self.rng.uniform(0.2, 1.8)
            self._go_on(now)
            time.sleep(0.003)
            now = time.monotonic()

    def _go_on(self, now):
        for proc in [p for p, when in self.stopped.items() if when <= now]:
            del self.stopped[proc]
            proc.send_signal(signal.SIGCONT)

    def _kill_producer(self):
        victim = self.rng.choice(self.producers)
        self.stopped.pop(victim.proc, None)
        victim.kill()
        self.kills += 1

    def _kill_follower(self):
        victim = self.rng.choice(self.followers)
        self.stopped.pop(victim.proc, None)
        victim.kill()
        self.kills += 1

    def _stop(self):
        proc = self.rng.choice(self.producers + self.followers).proc
        proc.send_signal(signal.SIGSTOP)
        self.stopped[proc] = time.monotonic() + self.rng.uniform(0.005, 0.25)
        self.stops += 1

    def _calm(self):
        """Let every producer send the rest, end it, take its reports."""
        self._go_on(float("inf"))
        limit = time.monotonic() + 120
        poll = selectors.DefaultSelector()
        for p in self.producers:
            poll.register(p.proc.stdout, selectors.EVENT_READ, p)
        while poll.get_map():
            if time.monotonic() > limit:
                raise Failed("producers did not end within 120 s")
            for p in self.producers:
                if not p.proc.stdin.closed:
                    p.feed(self.lines)
                    if not p.out and p.next >= self.lines \
                            or p.proc.poll() is not None:
                        p.proc.stdin.close()
            for key, _ in poll.select(0.005):
                if not key.data.collect():
                    poll.unregister(key.fileobj)
        for p in self.producers:
            p.finish()

    def check_next_append(self):
        """A producer that comes now is served; so a torn tail is cut."""
        out = run("klog-produce", "-p", "0", "--report=%o\\n", self.topic,
                  data=b"after the storm\n")
        found = kafkalog.data_of(kafkalog.read_topic(self.topic)[0])
        if out != b"%d\n" % (len(found) - 1):
            raise Failed("reported %r of %d records" % (out, len(found)))
        if found[-1].value != b"after the storm":
            raise Failed("the last record is %.60r" % found[-1].value)

    def check_files(self):
        """Every file by the independent reader; offsets rise by one."""
        segments = kafkalog.read_topic(self.topic)[0]
        found = kafkalog.data_of(segments)
        streams.same([r.offset for r in found], list(range(len(found))),
                     "offsets")
        self.log = [r.value for r in found]
        if len(segments) < 3:
            raise Failed("only %d segments" % len(segments))

    def check_acknowledged(self):
        """Each report names the place where exactly that line is."""
        for p in self.producers:
            streams.same([seq for _, seq, _ in p.acks],
                         list(range(self.lines)),
                         "acknowledged lines of producer %d" % p.number)
            for incarnation, seq, offset in p.acks:
                line = line_of(self.seed, p.number, incarnation, seq)
                if offset >= len(self.log) or self.log[offset] != line:
                    raise Failed("%.30r was reported at offset %d, where is "
                                 "%.40r" % (line, offset,
                                            self.log[offset:offset + 1]))

    def check_order(self):
        """Only lines that were sent, each once, byte for byte, in order."""
        place = {}
        for offset, value in enumerate(self.log[:-1]):
            name, seq, _ = value.split(b" ", 2)
            number, incarnation = map(int, name[1:].split(b"."))
            seq = int(seq)
            producer = self.producers[number]
            before = place.get(number, (-1, 0))
            first, end = producer.sent[incarnation]
            expected = before[1] + 1 if before[0] == incarnation else first
            if incarnation < before[0] or seq != expected or seq >= end:
                raise Failed("offset %d: %.30r after incarnation %d seq %d"
                             % ((offset, value) + before))
            if value != line_of(self.seed, number, incarnation, seq):
                raise Failed("offset %d: %.30r: other bytes"
                             % (offset, value))
            place[number] = (incarnation, seq)

    def check_followers(self):
        """Each run printed the log from its start on, byte for byte; the
        ones that live print all of it and end at SIGTERM."""
        lines = [b"%d %s\n" % x for x in enumerate(self.log)]
        places = [0]
        for line in lines:
            places.append(places[-1] + len(line))
        whole = b"".join(lines)
        for f in self.followers:
            start, path = f.runs[-1]
            limit = time.monotonic() + 30
            while os.path.getsize(path) < len(whole) - places[start]:
                if f.proc.poll() is not None:
                    raise f.failure()
                if time.monotonic() > limit:
                    raise Failed("%s: %d bytes, not %d, after 30 s" % (
                        path, os.path.getsize(path),
                        len(whole) - places[start]))
                time.sleep(0.01)
            f.proc.terminate()
            if f.proc.wait(30) not in (-signal.SIGTERM, 143):
                raise f.failure()
            for start, path in f.runs:
                with open(path, "rb") as out:
                    data = out.read()
                begin = places[start]
                if data != whole[begin:begin + len(data)]:
                    raise Failed("%s: not the log from offset %d on"
                                 % (path, start))
            if len(data) != len(whole) - places[start]:
                raise Failed("%s: more than the log" % path)

    def check_leftovers(self):
        """No temporary file, no lock that is held."""
        part = os.path.join(self.topic, "0")
        odd = [n for n in os.listdir(part) if not AT_REST.fullmatch(n)]
        odd += [n for n in os.listdir(self.topic)
                if n.endswith(".tmp") or n.startswith(".")]
        if odd:
            raise Failed("left over: %s" % sorted(odd))
        run("klog-produce", "--timeout", "5s", self.topic, data=b"x\n")

    def check_deep(self):
        """klog-check --deep is content."""
        run("klog-check", "--deep", self.topic)

    def finish(self, good):
        """Remove the state directory after success only."""
        self.clear()
        if good:
            shutil.rmtree(self.state)
