"""A real Chromium for tests, over --remote-debugging-pipe: JSON that ends with a NUL, on descriptors 3 and 4."""

import json
import os
import subprocess
import tempfile

FLAGS = ("--headless", "--disable-gpu", "--no-sandbox", "--no-first-run", "--disable-background-networking")


class Chromium:
    """One browser with one page. `events`: what it said by itself since `open`, dicts with "method" and "params"."""

    def __init__(self, command):
        self.profile = tempfile.TemporaryDirectory(prefix="sentifish-chromium-", ignore_cleanup_errors=True)
        its_in, self.out = os.pipe()
        self.inside, its_out = os.pipe()
        self.read, self.number, self.session, self.events = bytearray(), 0, None, []
        # The browser reads descriptor 3 and writes 4; a shell puts them there, whatever their numbers are here.
        line = f'exec "$0" "$@" 3<&{its_in} 4>&{its_out}'
        flags = [*FLAGS, "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "about:blank"]
        null, pipes = subprocess.DEVNULL, (its_in, its_out)
        self.process = subprocess.Popen(["bash", "-c", line, command, *flags], pass_fds=pipes, stdout=null, stderr=null)  # noqa: S603, S607
        for end in pipes:
            os.close(end)
        pages = [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        self.session = self.call("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """-> the result of a method of the protocol. AssertionError where it fails."""
        self.number += 1
        session = {"sessionId": self.session} if self.session else {}
        message = json.dumps({"id": self.number, "method": method, "params": params, **session})
        data = message.encode() + b"\0"
        while data:
            data = data[os.write(self.out, data) :]
        while (answer := self._next()).get("id") != self.number:
            self.events.append(answer)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _next(self):
        while b"\0" not in self.read:
            piece = os.read(self.inside, 1 << 20)
            assert piece, "Chromium has ended"
            self.read += piece
        message, _, self.read = self.read.partition(b"\0")
        return json.loads(message)

    def open(self, path):
        """Show a file and wait until it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression):
        """The value of an expression, through JSON; a promise is awaited. AssertionError where it throws."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.inside)
        os.close(self.out)
        self.profile.cleanup()
