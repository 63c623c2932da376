"""One file from the first of its mirrors that gives it whole: pooch asks, and asks again after a pause.
What went wrong at each address is kept in a few words a person can use."""

import contextlib
import hashlib
import os
import socket
import ssl
from pathlib import Path

RETRIES = 2  # of a failure that may pass; pooch waits 1 s before the first, 2 s before the second
TIMEOUT = 30  # seconds without a byte
_CHUNK = 2**16
_PASSING = (408, 425, 429)  # the 4xx answers after which asking again makes sense


class NotDownloaded(Exception):
    """No mirror gave the file: "address: what happened" of each, on one line."""


class _Final(Exception):
    """A failure that would only come again. Pooch asks again after a ValueError and what requests raises, not after
    this."""


def download(entry, folder, progress=True):
    """Fetch a file of the registry into a folder that nobody else uses, made where it is missing.

    progress: a bar on standard error, where that is a terminal.

    -> Path of the file, its sha256 checked. NotDownloaded: no mirror gave it. OSError: it cannot be written here.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # what there is to say is said by the caller
    keeper = pooch.create(folder, "", registry={entry.file: entry.sha256}, retry_if_failed=RETRIES)
    failed = []
    for address in entry.mirrors:
        keeper.urls[entry.file] = address
        try:
            return Path(keeper.fetch(entry.file, downloader=_Download(entry, progress)))
        except (requests.RequestException, ConnectionError, TimeoutError) as error:  # these too are OSErrors
            failed.append(f"{for_a_person(address)}: {_reason(error)}")
        except OSError:
            raise  # of this disk: no other mirror would help
        except Exception as error:  # whatever a mirror does wrong, the next may do right
            failed.append(f"{for_a_person(address)}: {_reason(error)}")
    raise NotDownloaded("; ".join(failed))


def for_a_person(address):
    """The address as a browser takes it: "doi:10.5281/zenodo.1/a.txt" -> "https://doi.org/10.5281/zenodo.1 (a.txt)"."""
    if not address.startswith("doi:"):
        return address
    record, _, file = address.removeprefix("doi:").rpartition("/")
    return f"https://doi.org/{record} ({file})"


class _Download:
    """What pooch calls with an address and the name of a temporary file: its own downloader, stopped early."""

    def __init__(self, entry, progress):
        self.entry, self.progress = entry, progress

    def __call__(self, url, output_file, pooch):
        import requests

        with open(output_file, "wb") as file, self._bar() as bar, contextlib.ExitStack() as opened:
            content = _Content(file, self.entry.size)

            def note(response, **_):  # pooch leaves the connection open where a download is given up
                opened.callback(response.close)

            try:
                _downloader(url, bar, note)(url, content, pooch)
            except requests.HTTPError as error:
                status = error.response.status_code
                if 400 <= status < 500 and status not in _PASSING:
                    raise _Final(_reason(error)) from None
                raise
            content.check(self.entry)
            file.flush()
            os.fsync(file.fileno())  # what gets the final name is on the disk

    def _bar(self):
        from tqdm import tqdm

        # A bar without a total counts as False, and pooch would not use it; it sets the total itself.
        total = self.entry.size or 1
        disable = None if self.progress else True  # None: unless it is a terminal
        return tqdm(desc=self.entry.file, total=total, unit="B", unit_scale=True, leave=False, disable=disable)


def _downloader(url, bar, on_response):
    """Pooch's own for this address."""
    import pooch

    how = {"progressbar": bar, "chunk_size": _CHUNK, "timeout": TIMEOUT, "hooks": {"response": on_response}}
    if url.startswith("doi:"):
        return pooch.DOIDownloader(**how)
    # Not packed for the way: some servers say so of a .gz as it is, and it would arrive unpacked.
    return pooch.HTTPDownloader(headers={"Accept-Encoding": "identity"}, **how)


class _Content:
    """A file that is written, counted and hashed at once, so that what is wrong is known before it is all here."""

    def __init__(self, file, longest):
        self.file, self.longest = file, longest
        self.size, self.sha256 = 0, hashlib.sha256()

    def write(self, chunk):
        self.size += len(chunk)
        if self.longest is not None and self.size > self.longest:
            raise _Final(f"more than the {self.longest:,} bytes of this file")
        self.file.write(chunk)
        self.sha256.update(chunk)

    def flush(self):
        """Pooch asks for it after every chunk; once at the end is enough."""

    def check(self, entry):
        if self.longest is not None and self.size < self.longest:
            raise ValueError(f"broken off after {self.size:,} of {self.longest:,} bytes")  # may go better next time
        if self.sha256.hexdigest() != entry.sha256:
            raise _Final(f"another file (sha256 {self.sha256.hexdigest()})")


def _reason(error):
    """In a few words, what an error of a mirror means."""
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}".strip()
    known = {
        exceptions.ProxyError: "the proxy does not let it through",
        ConnectionRefusedError: "connection refused",
        TimeoutError: "timed out",
        exceptions.Timeout: "timed out",
        socket.gaierror: "host not found (is there a network?)",
        ssl.SSLError: "no safe connection (TLS)",
        ConnectionError: "connection broken off",
        exceptions.ChunkedEncodingError: "broken off before its end",
    }
    causes = list(_causes(error))
    for kind, reason in known.items():
        if any(isinstance(cause, kind) for cause in causes):
            return reason
    said = " ".join(str(error).split())
    return said[:200] or type(error).__name__


def _causes(error):
    """The error and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
