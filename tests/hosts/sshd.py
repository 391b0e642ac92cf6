"""A real sshd on the loopback, with keys, configuration and log of its own,
run by whoever runs the tests; and network namespaces between which a link is
cut."""

import os
import shutil
import signal
import socket
import subprocess

import places
import streams
from places import Failed, run, until

CONFIG = """Port {port}
ListenAddress {address}
HostKey {state}/host_key
PidFile none
AuthorizedKeysFile {state}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding no
MaxStartups 100
"""


def programs():
    """The paths of sshd, ssh and ssh-keygen; None where one is missing."""
    found = [shutil.which(n, path=os.environ["PATH"] + ":/usr/sbin")
             for n in ("sshd", "ssh", "ssh-keygen")]
    return found if all(found) else None


class Sshd:
    """It runs until stop(); rsh() reaches it with a key."""

    def __init__(self, state, address="127.0.0.1", prefix=()):
        self.state, self.address = state, address
        self.sshd, self.ssh, keygen = programs()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        for name in ("host_key", "plain", "reader", "adder"):
            subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f",
                            os.path.join(state, name)], check=True)
        with open(os.path.join(state, "config"), "w", encoding="ascii") as f:
            f.write(CONFIG.format(port=self.port, state=state,
                                  address=address))
        self._allow()
        # Where root runs it, sshd wants a folder for those without rights.
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        with open(os.path.join(state, "sshd.log"), "ab") as log:
            self.proc = subprocess.Popen(
                [*prefix, self.sshd, "-D", "-e", "-f",
                 os.path.join(state, "config")], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL)

    def _allow(self):
        """A key for all, one that may only read, one that may only append:
        as the manual says, and each sees its own folder only."""
        klog = os.path.abspath(streams.program("klog-replicate"))
        lines = []
        for key, command in (
                ("plain", None),
                ("reader", "%s --serve --root %s/served --read-only" % (
                    klog, self.state)),
                ("adder", "%s --serve --root %s/served --append-only" % (
                    klog, self.state))):
            with open(os.path.join(self.state, key + ".pub"),
                      encoding="ascii") as f:
                lines.append(("restrict" + (',command="%s"' % command
                                            if command else "")) + " "
                             + f.read())
        with open(os.path.join(self.state, "authorized_keys"), "w",
                  encoding="ascii") as f:
            f.writelines(lines)

    def rsh(self, key):
        """What is $KLOG_RSH."""
        return " ".join([
            self.ssh, "-F", "none", "-p", str(self.port), "-i",
            os.path.join(self.state, key), "-o", "IdentitiesOnly=yes", "-o",
            "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"])

    def sessions(self):
        """The processes that serve a connection each."""
        with open("/proc/%d/task/%d/children" % (
                self.proc.pid, self.proc.pid), encoding="ascii") as f:
            return [int(p) for p in f.read().split()]

    def wait(self):
        """Until it answers."""
        def answers():
            if self.proc.poll() is not None:
                with open(os.path.join(self.state, "sshd.log"),
                          encoding="utf-8", errors="replace") as f:
                    raise Failed("sshd ended: " + f.read()[-500:])
            try:
                socket.create_connection((self.address, self.port),
                                         1).close()
                return True
            except OSError:
                return False
        until(answers, "sshd answers", 20)

    def stop(self):
        """And all connections."""
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(places.LIMIT)


class OverSsh:
    """The tests; one sshd for all."""

    def __init__(self, state):
        self.state = state
        self.served = os.path.join(state, "served")
        os.mkdir(self.served)
        self.topic = os.path.join(self.served, "t")
        self.server = Sshd(state)
        self.path = os.path.abspath(streams.program("klog-replicate"))

    def _run(self, key, *args, status=0):
        return run("klog-replicate", "--path-of-klog", self.path, *args,
                   rsh=self.server.rsh(key), status=status)

    def both_ways(self):
        """Pull and push, a directory at once, blanks and quotes in paths."""
        self.server.wait()
        run("klog-topic", "create", "-p", 3, self.topic)
        run("klog-topic", "create", os.path.join(self.served, "u"))
        run("klog-produce", self.topic, data=b"%d\n" * 500 % tuple(
            range(500)))
        host = "127.0.0.1:"
        odd = os.path.join(self.state, "it's a folder")
        os.mkdir(odd)
        self._run("plain", host + self.topic, os.path.join(odd, "pulled"))
        self._run("plain", os.path.join(odd, "pulled"), host + odd + "/far")
        self._run("plain", host + self.served + "/", odd + "/")
        for name in ("pulled", "far", "t"):
            places.same_logs(self.topic, os.path.join(odd, name))

    def forced(self):
        """A command= holds, whatever is asked: only reading, only appending,
        only in its folder."""
        host = "127.0.0.1:"
        one = os.path.join(self.state, "one")
        self._run("reader", host + "/anywhere/t", one)
        places.same_logs(self.topic, one)
        _, err = self._run("reader", one, host + "/x/new", status=6)
        if "nothing may be written here" not in err:
            raise Failed(err)
        self._run("adder", self.topic, host + "/anywhere/new")
        places.same_logs(self.topic, os.path.join(self.served, "new"))
        _, err = self._run("adder", host + "t", one, status=6)
        if "nothing may be read here" not in err:
            raise Failed(err)
        done = subprocess.run(
            self.server.rsh("reader").split() + ["127.0.0.1", "id"],
            check=False, capture_output=True, stdin=subprocess.DEVNULL,
            timeout=places.LIMIT)
        if b"uid=" in done.stdout or not done.stdout.startswith(
                b"klog-replicate 1\n"):
            raise Failed("%s" % done)

    def cut(self):
        """-f comes back by itself when the connection ends, and when it falls
        silent, which ssh does not notice."""
        copy = os.path.join(self.state, "followed")
        link = places.Process(
            os.path.join(self.state, "err"), "klog-replicate", "-f",
            "--path-of-klog", self.path, "--name", "followed", "--timeout",
            "20s", "127.0.0.1:" + self.topic, copy,
            rsh=self.server.rsh("plain"))
        try:
            for n, (number, says) in enumerate((
                    (signal.SIGKILL, "the connection ended"),
                    (signal.SIGSTOP, "nothing was heard for 20s"))):
                until(lambda: self._same(copy),
                      lambda: "it has all: " + link.said())
                for pid in self.server.sessions():
                    os.kill(pid, number)
                run("klog-produce", self.topic, data=b"round %d\n" % n)
                until(lambda says=says: says in link.said(),
                      lambda says=says: "%s: %s" % (says, link.said()))
                # The far host finds out by itself, some time.
                for pid in self.server.sessions():
                    os.kill(pid, signal.SIGKILL)
            until(lambda: self._same(copy),
                  lambda: "it has all: " + link.said())
            if link.end(signal.SIGTERM) not in (143, -signal.SIGTERM):
                raise Failed(link.said())
        finally:
            link.end()
            for pid in self.server.sessions():
                os.kill(pid, signal.SIGKILL)

    def _same(self, copy):
        try:
            places.same_logs(self.topic, copy)
        except (Failed, FileNotFoundError):
            return False
        return True

    def finish(self, good):
        """Remove the state directory after success only."""
        self.server.stop()
        if good:
            shutil.rmtree(self.state)


def run_all(tap, state):
    """All of it as TAP."""
    if programs() is None:
        tap.skip("copies over ssh", "sshd, ssh or ssh-keygen is not there")
        os.rmdir(state)
        return
    o = OverSsh(state)
    good = True
    for name, test in (("pull and push over ssh", o.both_ways),
                       ("command= in authorized_keys holds", o.forced),
                       ("-f over a connection that is cut", o.cut)):
        good = tap.test(name, test) and good
    o.finish(good)
    if not good:
        print("# kept: " + state)


