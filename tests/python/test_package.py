"""What is packed: the wheel's parts and metadata, and the sources that an sdist holds."""

import importlib.metadata
import os
import re
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

import holysheep
from pools import OTHERS, ROOT

NATIVE_LINES_MAX = 600


class Wheel(unittest.TestCase):
    def test_metadata(self):
        found = importlib.metadata.metadata("holysheep")
        self.assertIsNone(importlib.metadata.requires("holysheep"))
        self.assertEqual(found["Version"], holysheep.__version__)
        self.assertEqual(found["Description-Content-Type"], "text/markdown")
        text = Path(ROOT, "bindings/python/README.md").read_text(encoding="utf-8")
        self.assertEqual((found["Description"] or found.get_payload()).strip(), text.strip())
        # Nothing but absolute links leads anywhere from the index.
        self.assertEqual(re.findall(r"\]\((?!https://)[^)]*\)", text), [])
        self.assertIn("Typing :: Typed", found.get_all("Classifier"))
        scripts = importlib.metadata.distribution("holysheep").entry_points
        self.assertEqual({(each.group, each.name) for each in scripts},
                         {("console_scripts", "holysheep"), ("pytest11", "holysheep")})

    def test_parts(self):
        folder = Path(holysheep.__file__).parent
        for name in ("lib/libholysheep.so.1", "bin/holysheep", "py.typed", "_native.pyi"):
            self.assertTrue((folder / name).exists(), name)
        self.assertTrue((folder.parent / "holy_sheep_client/__init__.py").exists())
        needed = subprocess.run(["objdump", "-p", next(folder.glob("_native*.so"))], check=True,
                                capture_output=True, encoding="utf-8").stdout
        self.assertIn("$ORIGIN/lib", needed)

    def test_the_native_part_stays_thin(self):
        # take_gil.c is C, and no binding.
        lines = [line.strip() for path in Path(ROOT, "bindings/python/native").iterdir()
                 if path.suffix != ".c"
                 for line in path.read_text(encoding="utf-8").splitlines()]
        code = [line for line in lines if line and not line.startswith("//")]
        self.assertLessEqual(len(code), NATIVE_LINES_MAX)


class Sources(unittest.TestCase):
    BUILDER = Path(OTHERS, "../builder/bin/python")

    @unittest.skipUnless(BUILDER.exists(), "the wheel was made elsewhere")
    def test_an_sdist_holds_what_a_build_needs(self):
        with tempfile.TemporaryDirectory() as folder:
            build = "import sys, scikit_build_core.build as b; print(b.build_sdist(sys.argv[1]))"
            subprocess.run([self.BUILDER, "-c", build, folder], cwd=ROOT, check=True,
                           stdout=subprocess.DEVNULL)
            with tarfile.open(next(Path(folder).iterdir())) as archive:
                names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
        for name in ("CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE", "core/engine.cpp",
                     "bindings/python/README.md",
                     "capi/holysheep.h", "bindings/cli/CMakeLists.txt",
                     "bindings/python/CMakeLists.txt", "bindings/python/native/module.cpp",
                     "bindings/python/holysheep/_native.pyi"):
            if os.path.exists(os.path.join(ROOT, name)):
                self.assertIn(name, names)
        for name in names:
            self.assertFalse(name.startswith(("build/", "dist/", "tests/", "bindings/node/")), name)
