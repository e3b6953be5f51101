"""The landing's one door to its file system: files that appear whole, and what its failures mean."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import fsspec

from shared.errors import Outage, Rejected

UNFINISHED = ".part"


class Files:
    """Named files under one root. Every method raises `Outage` where the file system does not work."""

    def __init__(self, url: str) -> None:
        self._fs, root = fsspec.core.url_to_fs(url)
        self._root = str(root).rstrip("/")
        self._local = "file" in self._fs.protocol
        self.failures: tuple[type[Exception], ...] = (OSError, EOFError)
        """What a file system that does not work raises."""
        if "s3" in self._fs.protocol:
            from botocore.exceptions import BotoCoreError  # an endpoint out of reach is no OSError there

            self.failures += (BotoCoreError,)

    @contextmanager
    def new(self, name: str) -> Iterator[IO[bytes]]:
        """A file that appears whole under its name, or not at all; its folder is made where it lacks."""
        path = self._path(name)
        with self._local_file(path) if self._local else self._object(path) as file:
            yield file

    @contextmanager
    def _object(self, path: str) -> Iterator[IO[bytes]]:
        file = self._fs.open(path, "wb", autocommit=False)
        try:
            yield file
            file.close()
        except BaseException:
            with suppress(*self.failures):
                file.discard()
            file.closed = True  # or its destructor uploads what there is of it
            raise
        file.commit()

    @contextmanager
    def _local_file(self, path: str) -> Iterator[IO[bytes]]:
        with self.reachable():
            self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        part = path + UNFINISHED
        try:
            with open(part, "wb") as local:  # noqa: PTH123
                yield local
                local.flush()
                os.fsync(local.fileno())
            os.replace(part, path)  # noqa: PTH105
            _sync_folder(path)
        finally:
            if os.path.exists(part):  # noqa: PTH110
                os.unlink(part)  # noqa: PTH108

    def put(self, name: str, content: bytes) -> None:
        """One small file, whole or not at all."""
        with self.reachable(), self.new(name) as file:
            file.write(content)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Read a file. Raises `FileNotFoundError` where there is none."""
        with self.reachable(), self._fs.open(self._path(name), "rb") as file:
            yield file

    def sha256(self, name: str) -> str:
        """The digest of the whole file. Raises `FileNotFoundError` where there is none."""
        digest = hashlib.sha256()
        with self.open(name) as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()

    def remove(self, *names: str) -> None:
        """Delete those that are there, in this order."""
        with self.reachable():
            for name in names:
                if self._fs.exists(self._path(name)):
                    self._fs.rm(self._path(name))

    def names(self, folder: str) -> set[str]:
        """All files below a folder, which need not exist."""
        base = self._path(folder)
        with self.reachable():
            self._fs.invalidate_cache()
            if not self._fs.exists(base):
                return set()
            return {str(path)[len(self._root) + 1 :] for path in self._fs.find(base)}

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """What fails in here for the file system's sake is an outage of the landing; an absent file is not."""
        try:
            yield
        except FileNotFoundError:
            raise
        except self.failures as error:
            raise self.broken(error) from error

    def broken(self, error: Exception) -> Outage:
        """What a failure of the file system means to everybody."""
        return Outage("landing", f"the landing at {self._root} does not work: {error}")

    def _path(self, name: str) -> str:
        if ".." in name.split("/") or name.startswith("/"):
            raise Rejected(f"{name!r} is not a name in the landing")
        return f"{self._root}/{name}"


def _sync_folder(path: str) -> None:
    folder = os.open(os.path.dirname(path), os.O_RDONLY)  # noqa: PTH120
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
