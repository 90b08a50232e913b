"""What the self-contained files ask of a machine, what they show of themselves, and how big they
are."""

import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from shipped import LIBRARY, PREFIX, PROGRAM, ROOT, output, run

# Every glibc since 2.34 is one file; before, these were files of the same package.
LIBC = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1",
        "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
GLIBC_MAX = (2, 28)  # what packages for other languages promise (manylinux_2_28)
LIBRARY_BYTES_MAX = 6_500_000
PROGRAM_BYTES_MAX = 1_000_000


def needed(file):
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-dW", file)))


class Library(unittest.TestCase):
    def test_needs_libc_alone(self):
        self.assertLessEqual(needed(LIBRARY), LIBC)
        self.assertLessEqual(needed(PROGRAM), LIBC | {"libholysheep.so.1"})

    def test_runs_on_an_old_glibc(self):
        compiler = (ROOT / "build" / "native" / "compiler").read_text(encoding="utf-8")
        if not compiler.startswith("zig"):
            self.skipTest(f"built with {compiler.strip()}, for this system's glibc")
        for file in (LIBRARY, PROGRAM):
            versions = re.findall(r"GLIBC_(\d+)\.(\d+)", output("readelf", "-VW", file))
            self.assertLessEqual(max((int(a), int(b)) for a, b in versions), GLIBC_MAX, file)

    def test_exports_what_the_map_lists_and_nothing_else(self):
        text = (ROOT / "capi" / "holysheep.map").read_text(encoding="utf-8")
        listed = set(re.findall(r"^\s+(holysheep_\w+);", text, re.M))
        shown = {line.split()[-1].split("@")[0] for line in
                 output("nm", "-D", "--defined-only", LIBRARY).splitlines()}
        self.assertEqual(shown - {"HOLYSHEEP_1"}, listed)

    def test_stays_in_memory_and_binds_to_itself(self):
        dynamic = output("readelf", "-dW", LIBRARY)
        self.assertIn("[libholysheep.so.1]", dynamic)
        self.assertRegex(dynamic, r"FLAGS_1.*NODELETE")
        self.assertRegex(dynamic, r"SYMBOLIC")

    def test_is_stripped_and_small(self):
        for file, most in ((LIBRARY, LIBRARY_BYTES_MAX), (PROGRAM, PROGRAM_BYTES_MAX)):
            self.assertNotIn(".symtab", output("readelf", "-SW", file))
            self.assertLessEqual(file.stat().st_size, most, file)

    def test_is_a_file_that_can_be_copied_alone(self):
        self.assertFalse(LIBRARY.is_symlink())
        for header in ("holysheep.h", "holysheep_mock.h"):
            self.assertTrue((PREFIX / "include" / header).is_file())


class Anywhere(unittest.TestCase):
    """The program runs wherever its files are put, without anything around it."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="holysheep-native-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def copy(self, program, library):
        for source, place in ((PROGRAM, program), (LIBRARY, library)):
            (self.folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, self.folder / place)
        return self.folder / program

    def version(self, *command):
        done = run(*command, "version")
        self.assertEqual(done.returncode, 0, done.stderr)
        for part in ("libcurl/8.", "OpenSSL/3.", "nghttp2/", "zlib/", "simdjson/"):
            self.assertIn(part, done.stdout)

    def test_in_one_folder(self):
        self.version(self.copy("holysheep", "libholysheep.so.1"))

    def test_in_bin_and_lib(self):
        self.version(self.copy("bin/holysheep", "lib/libholysheep.so.1"))

    def test_in_an_empty_root(self):
        self.copy("bin/holysheep", "lib/libholysheep.so.1")
        # The C library, where the program looks for it; there is no other file.
        for library in re.findall(r"(/\S+/\S+) \(0x", output("ldd", LIBRARY)):
            place = self.folder / library.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(os.path.realpath(library), place)
        chroot = shutil.which("chroot", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        root = [chroot, self.folder] if os.getuid() == 0 else \
            [shutil.which("unshare"), "--map-root-user", chroot, self.folder]
        if run(*root, "/bin/holysheep", "--help").returncode == 125:
            self.skipTest("this machine lets nobody change the root")
        self.version(*root, "/bin/holysheep")
        (self.folder / "tmp").mkdir()
        # The whole engine: threads, sockets, a failover.
        done = run(*root, "/bin/holysheep", "mock", "--preset", "rate-limited", "--",
                   "/bin/holysheep", "chat", "--trace", "hello")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("backup-1", done.stderr)


if __name__ == "__main__":
    unittest.main()
