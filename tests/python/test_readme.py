"""The Python snippets of the READMEs, pasted and run against a mock pool; types of the package; the
pytest fixture."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

import holysheep
from pools import MODEL, OTHERS, ROOT, PoolTest, chat, needs, output_of

FENCE = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
POINTED = """
import holysheep, json, os
holysheep.HolySheepFailoverClient.ENDPOINTS = [
    holysheep.Endpoint(url=each["url"] + "/chat/completions", name=each["name"])
    for each in json.loads(os.environ["HOLYSHEEP_CONFIG"])["endpoints"]]
"""


class Snippets(PoolTest):
    def test_they_run_as_pasted(self):
        for name, least in (("README.md", 1), ("README.ko.md", 1),
                            ("bindings/python/README.md", 5)):
            found = FENCE.findall(Path(ROOT, name).read_text(encoding="utf-8"))
            self.assertGreaterEqual(len(found), least)
            for snippet in found:
                with self.subTest(snippet[:60]):
                    pool = self.pool({"replies": [{"status": 429}]}, {})
                    out = output_of(POINTED + snippet, HOLYSHEEP_CONFIG=json.dumps(pool.config))
                    if "print" in snippet and "Say hello" in snippet:
                        self.assertIn("Hello from backup-1.", out)


class Examples(PoolTest):
    def test_they_run(self):
        folder = Path(ROOT, "packaging/examples")
        out = output_of((folder / "failover.py").read_text(encoding="utf-8"))
        self.assertIn("Say hello: Hello from backup-1.", out)
        pool = self.pool({"replies": [{"status": 429}]}, {})
        out = output_of((folder / "stream.py").read_text(encoding="utf-8"), "hi",
                        HOLYSHEEP_CONFIG=json.dumps(pool.config))
        self.assertIn("Hello from backup-1.\n(backup-1, ", out)


class Types(unittest.TestCase):
    EXAMPLE = """
        import asyncio
        from holysheep import NOT_GIVEN, AsyncHolySheepClient, HolySheepClient
        from holysheep.types import ChatCompletion, ChatCompletionChunk, Stream

        client = HolySheepClient("k", base_url="http://127.0.0.1:9/v1", timeout=5)

        def use() -> str:
            answer = client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hi"}], temperature=0.5)
            for chunk in client.chat.completions.create(model="m", messages=[], stream=True):
                text: str | None = chunk.choices[0].delta.content
                print(text)
            stored = client.responses.create(input="hi", prompt={"id": "p"}).output_text
            for event in client.responses.create(prompt={"id": "p"}, stream=True):
                stored += event.delta or ""
            return answer.choices[0].message.content or answer.holysheep.endpoint or stored

        def by_flag(flag: bool) -> ChatCompletion | Stream[ChatCompletionChunk]:
            raw = client.chat.completions.with_raw_response.create(
                model="m", messages=[], stop=NOT_GIVEN)
            parsed: ChatCompletion = raw.parse()
            print(parsed.id, raw.headers["X-Request-Id"])
            return client.chat.completions.create(model="m", messages=[], stream=flag)

        async def ause(client: AsyncHolySheepClient) -> int:
            stream = await client.chat.completions.create(model="m", messages=[], stream=True)
            async for text in stream.text_deltas():
                print(text)
            raw = await client.with_raw_response.embeddings.create(model="m", input="x")
            print(raw.parse().data, [model.id async for model in client.models.list()])
            print((await client.models.retrieve("m")).id, stream.response.headers.get("x"))
            task = asyncio.create_task(client.chat.completions.create(model="m", messages=[]))
            answer = await task
            return answer.usage.total_tokens if answer.usage else 0

        use()
        by_flag(True)
        asyncio.run(ause(AsyncHolySheepClient("k")))
    """

    def checked(self, *command):
        with tempfile.TemporaryDirectory() as folder:
            example = Path(folder, "example.py")
            example.write_text(textwrap.dedent(self.EXAMPLE), encoding="utf-8")
            package = str(Path(holysheep.__file__).parent)
            examples = map(str, Path(ROOT, "packaging/examples").glob("*.py"))
            done = subprocess.run(
                [sys.executable, "-m", *command, str(example), package, *examples],
                capture_output=True, encoding="utf-8", cwd=folder, timeout=600,
                env={**os.environ, "PYTHONPATH": OTHERS, "HOME": folder,
                     "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
                     "PYRIGHT_PYTHON_CACHE_DIR": str(Path(OTHERS, "pyright-cache"))})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @needs("mypy")
    def test_mypy_strict(self):
        self.checked("mypy", "--strict", "--python-version", "3.10", "--cache-dir", "/dev/null")

    @needs("pyright")
    @unittest.skipUnless(shutil.which("node"), "pyright runs on node")
    def test_pyright(self):
        self.checked("pyright", "--pythonversion", "3.10", "--pythonpath", sys.executable)

    @needs("mypy")
    def test_a_misspelt_attribute_is_seen(self):
        with self.assertRaisesRegex(AssertionError, "has no attribute"):
            self.EXAMPLE = self.EXAMPLE.rstrip() + "\n        client.chatt\n"
            self.checked("mypy", "--strict", "--cache-dir", "/dev/null")

    def test_the_package_says_that_it_is_typed(self):
        self.assertTrue(Path(holysheep.__file__).with_name("py.typed").exists())
        self.assertTrue(Path(holysheep.__file__).with_name("_native.pyi").exists())


class Fixture(unittest.TestCase):
    @needs("pytest")
    def test_pytest_finds_the_fixture(self):
        test = """
            def test_a_429(holysheep_mock_pool):
                pool = holysheep_mock_pool([{"replies": [{"status": 429}]}, {}])
                answer = pool.client().chat.completions.create(model="m", messages=[])
                assert answer.holysheep.endpoint == "backup-1"
        """
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_mine.py").write_text(textwrap.dedent(test), encoding="utf-8")
            out = output_of(f"import pytest; raise SystemExit(pytest.main(['-q', '-p', 'no:cacheprovider', {folder!r}]))",
                            others=True)
        self.assertIn("1 passed", out)


class MockPools(PoolTest):
    def test_scripts_requests_and_clock(self):
        pool = self.pool({}, {})
        client = pool.client()
        pool.set("primary", replies=[{"status": 429, "headers": {"Retry-After": "30"}}])
        chat(client)
        self.assertEqual((pool.count(), pool.count("primary")), (2, 1))
        self.assertTrue(pool.wait(2))
        self.assertFalse(pool.wait(3, timeout=0.01))
        self.assertEqual([each.model for each in pool.requests], [MODEL, MODEL])
        pool.advance(client, 31)
        self.assertEqual(client.pool[0].status.value, "healthy")
        for use, words in (
            (lambda: pool.count("nowhere"), "nowhere"),
            (lambda: pool.wait(1, "nowhere"), "nowhere"),
            (lambda: pool.set("primary", repli=[]), "repli"),
            (lambda: holysheep.MockPool([{"name": "a b"}]), "name"),
            (lambda: holysheep.MockPool(5), "script"),
            (lambda: holysheep.MockPool([{"name": object()}]), "script"),
        ):
            with self.assertRaisesRegex(holysheep.ConfigError, words):
                use()
        for arguments in ((None, 5), (client, -5), (client, "x")):
            with self.assertRaisesRegex(holysheep.RequestError, "advance"):
                pool.advance(*arguments)
        pool.close()
        with self.assertRaises(holysheep.ClosedError):
            pool.requests
