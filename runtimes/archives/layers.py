"""Unpacking layers, safely: each into a folder as overlayfs wants it, where whiteouts become its marks, or all into one.

Nothing is ever written outside the folder: names with ``..`` are refused, and no link is followed on the way to a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

from sampan.core.contracts.runtime import ImageError

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
OPAQUE_MARKS = ("user.overlay.opaque", "trusted.overlay.opaque")
XATTR_HEADER = "SCHILY.xattr."
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
CHUNK = 1 << 20


class HashingReader:
    """Reads a stream through, remembering the digest and the size of all that passed."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    def digest(self) -> str:
        """Of everything, what tar left unread included."""
        while self.read(CHUNK):
            pass
        return f"sha256:{self._hash.hexdigest()}"


def unpack(blob: IO[bytes], folder: Path) -> tuple[str, int]:
    """Into an empty folder; returns the digest of the uncompressed layer (its ``diff_id``) and its size in bytes."""
    return _unpack(blob, _Writer(folder))


def unpack_onto(blob: IO[bytes], folder: Path) -> None:
    """Into a folder with the layers below it: what it takes away is gone."""
    _unpack(blob, _FlatWriter(folder))


def _unpack(blob: IO[bytes], writer: _Writer) -> tuple[str, int]:
    with contextlib.ExitStack() as stack:
        reader = HashingReader(decompressed(blob, stack))
        try:
            with tarfile.open(fileobj=cast("IO[bytes]", reader), mode="r|") as tar:
                for member in tar:
                    writer.add(tar, member)
        except (tarfile.TarError, EOFError) as exc:
            raise ImageError(f"a layer of the image is damaged: {exc}") from exc
        writer.finish()
        return reader.digest(), reader.size


def decompressed(blob: IO[bytes], stack: contextlib.ExitStack) -> IO[bytes]:
    """By what it begins with: gzip, zstd or plain."""
    head = blob.read(4)
    blob.seek(0)
    if head.startswith(GZIP):
        import gzip

        return cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=blob)))
    if head == ZSTD:
        return _unzstd(blob, stack)
    return blob


def _unzstd(blob: IO[bytes], stack: contextlib.ExitStack) -> IO[bytes]:
    """The standard library has it from Python 3.14; before that the ``zstd`` program helps."""
    with contextlib.suppress(ImportError):
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]

        return cast("IO[bytes]", stack.enter_context(zstd.ZstdFile(blob)))
    program = shutil.which("zstd")
    if program is None:
        raise ImageError(
            "the image's layers are compressed with zstd: install the zstd program, or save them with gzip"
        )
    plain = stack.enter_context(_temporary())
    process = subprocess.Popen([program, "-dcq"], stdin=subprocess.PIPE, stdout=plain)
    assert process.stdin is not None
    with process.stdin as pipe:
        shutil.copyfileobj(blob, pipe, CHUNK)
    if process.wait():
        raise ImageError("a layer of the image is damaged: zstd cannot read it")
    plain.seek(0)
    return plain


def _temporary() -> IO[bytes]:
    import tempfile

    return cast("IO[bytes]", tempfile.TemporaryFile())


class _Writer:
    """Puts members of a layer in their places."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_root = os.geteuid() == 0
        self._modes: list[tuple[Path, int, float]] = []

    def add(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise ImageError(f"a layer of the image has an unsafe name: {member.name}")
        if not parts:
            self._modes.append((self._folder, member.mode, member.mtime))
            return
        parent, name = self._parent(parts[:-1]), parts[-1]
        if name == OPAQUE:
            self._mark_opaque(parent)
        elif name.startswith(WHITEOUT):
            self._white_out(parent / name.removeprefix(WHITEOUT))
        else:
            self._put(tar, member, parent / name)

    def finish(self) -> None:
        """Folders last: one without write permission must still be filled."""
        for path, mode, mtime in reversed(self._modes):
            path.chmod(stat.S_IMODE(mode))
            os.utime(path, (mtime, mtime))

    def _parent(self, parts: list[str]) -> Path:
        """The folder, made where it is missing. Raises `ImageError` where a link or a file is in the way."""
        path = self._folder
        for part in parts:
            path = path / part
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                path.mkdir(mode=0o755)
                continue
            if not stat.S_ISDIR(mode):
                raise ImageError(f"a layer of the image writes through {'/'.join(parts)}, which is no folder")
        return path

    def _put(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
        if member.isdir():
            if not path.is_dir() or path.is_symlink():
                self._clear(path)
                path.mkdir()
            self._modes.append((path, member.mode, member.mtime))
        else:
            self._clear(path)
            if not self._make(tar, member, path):
                return
        self._set_owner(member, path)
        if not member.issym() and not member.isdir() and not member.islnk():
            path.chmod(stat.S_IMODE(member.mode))
            os.utime(path, (member.mtime, member.mtime))
        self._set_attributes(member, path)

    def _make(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> bool:
        if member.issym():
            path.symlink_to(member.linkname)
        elif member.islnk():
            os.link(self._link_target(member), path, follow_symlinks=False)
        elif member.isfile():
            source = tar.extractfile(member)
            assert source is not None
            with source, path.open("xb") as file:
                shutil.copyfileobj(source, file, CHUNK)
        elif member.isfifo():
            os.mkfifo(path)
        elif self._is_root and (member.ischr() or member.isblk()):
            kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
            os.mknod(path, kind | stat.S_IMODE(member.mode), os.makedev(member.devmajor, member.devminor))
        else:
            return False  # a device, which only root may make: containers have their own /dev
        return True

    def _link_target(self, member: tarfile.TarInfo) -> Path:
        parts = [part for part in member.linkname.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            raise ImageError(f"a layer of the image has an unsafe link: {member.name} to {member.linkname}")
        target = self._parent(parts[:-1]) / parts[-1]
        if not os.path.lexists(target):
            raise ImageError(f"a layer of the image links to what it does not have: {member.linkname}")
        return target

    def _clear(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def _set_owner(self, member: tarfile.TarInfo, path: Path) -> None:
        if self._is_root:
            os.chown(path, member.uid, member.gid, follow_symlinks=False)

    def _set_attributes(self, member: tarfile.TarInfo, path: Path) -> None:
        """File capabilities above all; what this user or file system cannot have is left out."""
        for key, value in member.pax_headers.items():
            if key.startswith(XATTR_HEADER) and "overlay." not in key:
                with contextlib.suppress(OSError):
                    data = value.encode("utf-8", "surrogateescape")
                    os.setxattr(path, key.removeprefix(XATTR_HEADER), data, follow_symlinks=False)

    def _mark_opaque(self, folder: Path) -> None:
        marked = [_succeeds(lambda name=name: os.setxattr(folder, name, b"y")) for name in OPAQUE_MARKS]  # type: ignore[misc]
        if not any(marked):
            raise ImageError("the file system under the data directory has no extended attributes, which layers need")

    def _white_out(self, path: Path) -> None:
        self._clear(path)
        try:
            os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))
        except OSError as exc:
            raise ImageError(f"this kernel lets only root mark files as removed, which the image needs: {exc}") from exc


class _FlatWriter(_Writer):
    """Whiteouts take away what lower layers have put there, and nothing of their own layer, wherever they stand in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._own: set[Path] = set()

    def _put(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
        super()._put(tar, member, path)
        own = path
        while own != self._folder and own not in self._own:
            self._own.add(own)
            own = own.parent

    def _mark_opaque(self, folder: Path) -> None:
        for path in folder.iterdir():
            self._white_out(path)

    def _white_out(self, path: Path) -> None:
        if path not in self._own:
            self._clear(path)
        elif path.is_dir() and not path.is_symlink():
            self._mark_opaque(path)


def _succeeds(action: Callable[[], None]) -> bool:
    try:
        action()
    except OSError:
        return False
    return True
