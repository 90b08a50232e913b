"""OpenTelemetry: spans of calls and of their attempts, seen by the real SDK's exporter."""

import unittest

from pools import needs, output_of

PROGRAM = """
    import asyncio, json, sys
    {first}
    import holysheep
    from holysheep import MockPool
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    tracer = trace.get_tracer("test")
    PROMPT = [{{"role": "user", "content": "a prompt nobody may trace"}}]
    pool = MockPool([{{"name": "primary", **{primary}}}, {{"name": "backup-1", **{backup}}}])
    port = int(pool.urls[1].rsplit(":", 1)[1].split("/")[0])
    client = pool.{kind}({settings})
    create = client.chat.completions.create

    def told(span):
        return span.name, span.kind.name, span.status.status_code.name, dict(span.attributes)

    {body}
    text = " ".join(each.to_json() for each in exporter.get_finished_spans())
    assert "nobody may trace" not in text, text
    assert client.pool.config()["endpoints"] and "sk-" not in text, text
"""
SLOW = '{"default": {"latency_ms": 300, "token_ms": 50}}'
LIMITED = '{"replies": [{"status": 429, "headers": {"Retry-After": "30"}}]}'

RAISING = """
class Broken(SimpleSpanProcessor):
    def {method}(self, *_, **__):
        raise RuntimeError("exporter broken")
provider.add_span_processor(Broken(exporter))
hook, sys.excepthook = sys.excepthook, lambda kind, *_: shown.append(kind)
async def main():
    assert ({asked}create(model="m", messages=PROMPT)).output_text
    stream = {asked}create(model="m", messages=PROMPT, stream=True)
    if "{asked}":
        assert [chunk async for chunk in stream]
    else:
        assert list(stream)
    stream = {asked}create(model="m", messages=PROMPT, stream=True)
    {asked}stream.close()
    try:
        {asked}create(model="m", messages=[{{1}}])
    except holysheep.RequestError:
        pass
try:
    asyncio.run(main())
finally:
    sys.excepthook = hook
assert len(done) >= 2 and set(shown) == {{RuntimeError}}, (done, shown)
"""


@needs("opentelemetry")
class Spans(unittest.TestCase):
    def run_in(self, body, primary=LIMITED, kind="client", settings="", first="",
               backup="{}"):
        return output_of(PROGRAM.format(body=body.replace("\n", "\n    "), primary=primary,
                                        kind=kind, settings=settings, first=first,
                                        backup=backup), others=True)

    def test_a_call_and_its_attempts(self):
        self.run_in("""
with tracer.start_as_current_span("caller") as caller:
    answer = create(model="gpt-4.1", messages=PROMPT, temperature=0.5, max_tokens=7)
first, second, call, _ = exporter.get_finished_spans()
name, kind, status, found = told(call)
assert (name, kind, status) == ("chat gpt-4.1", "CLIENT", "UNSET"), told(call)
usage = answer.usage
assert found == {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4.1", "gen_ai.response.model": "gpt-4.1",
    "gen_ai.request.temperature": 0.5, "gen_ai.request.max_tokens": 7,
    "gen_ai.usage.input_tokens": usage.prompt_tokens,
    "gen_ai.usage.output_tokens": usage.completion_tokens,
    "server.address": "127.0.0.1", "server.port": port,
    "holysheep.endpoint": "backup-1", "holysheep.attempts": 2, "holysheep.waited_ms": 0,
}, found
assert call.parent.span_id == caller.get_span_context().span_id
name, kind, status, found = told(first)
assert (name, kind, status) == ("POST /chat/completions", "CLIENT", "ERROR"), told(first)
assert found["http.response.status_code"] == 429 and found["error.type"] == "429", found
assert found["holysheep.endpoint"] == "primary", found
assert found["holysheep.verdict"] == "rate_limited" and found["holysheep.reason"], found
assert found["gen_ai.operation.name"] == "chat", found
name, kind, status, found = told(second)
assert (status, found["http.request.resend_count"]) == ("UNSET", 1), found
assert found["server.port"] == port, found
for each in (first, second):
    assert each.parent.span_id == call.get_span_context().span_id
    assert call.start_time <= each.start_time <= each.end_time <= call.end_time
assert first.start_time <= second.start_time
""")

    def test_an_error(self):
        self.run_in("""
try:
    create(model="m", messages=PROMPT)
    raise AssertionError
except holysheep.InternalServerError:
    pass
call = exporter.get_finished_spans()[-1]
assert call.status.status_code.name == "ERROR" and call.attributes["error.type"] == "503"
assert "503" in call.status.description and call.attributes["holysheep.attempts"] == 1
exporter.clear()
try:
    create(model="m", messages=[{1}])
except holysheep.RequestError:
    pass
call, = exporter.get_finished_spans()
assert call.attributes["error.type"] == "RequestError", call.attributes
""", primary='{"default": {"error": "overloaded"}}', settings='max_retries=0, allow=["primary"]')

    def test_a_broken_stream_is_no_error_200(self):
        self.run_in("""
try:
    list(create(model="m", messages=PROMPT, stream=True))
    raise AssertionError
except holysheep.StreamInterruptedError:
    pass
attempt, call = exporter.get_finished_spans()
for each in (attempt, call):
    assert each.status.status_code.name == "ERROR", each.to_json()
    assert each.attributes["error.type"] == "broken_stream", each.to_json()
assert attempt.attributes["http.response.status_code"] == 200
""", primary='{"default": {"cut": "inside_body"}}', settings='allow=["primary"]')

    def test_a_processor_that_raises_takes_no_answer_away(self):
        for kind, asked in (("client", ""), ("async_client", "await ")):
            for method in ("on_start", "on_end"):
                with self.subTest(kind=kind, method=method):
                    self.run_in(RAISING.format(asked=asked, method=method), kind=kind,
                                settings="on_done=done.append", first="done, shown = [], []")

    def test_streams_that_are_left(self):
        self.run_in("""
for chunk in create(model="m", messages=PROMPT, stream=True):
    break
limited, left, call = exporter.get_finished_spans()
assert call.attributes["holysheep.attempts"] == 2, call.to_json()
assert call.attributes["server.port"] == port, call.to_json()
for each in (left, call):
    assert each.attributes["holysheep.endpoint"] == "backup-1", each.to_json()
    assert each.status.status_code.name == "UNSET", each.to_json()
assert limited.attributes["error.type"] == "429", limited.to_json()
assert left.attributes["holysheep.verdict"] == "cancelled", left.to_json()
""", backup=SLOW)

    def test_a_stream_that_is_dropped_without_its_loop(self):
        self.run_in("""
async def main():
    return await create(model="m", messages=PROMPT, stream=True)
stream = asyncio.run(main())
del stream
attempt, call = exporter.get_finished_spans()
for each in (attempt, call):
    assert each.attributes["holysheep.endpoint"] == "primary", each.to_json()
""", kind="async_client", primary=SLOW)

    def test_async_calls_and_streams(self):
        self.run_in("""
async def main():
    async def one(name):
        with tracer.start_as_current_span(name):
            async for _ in await create(model=name, messages=PROMPT, stream=True):
                pass
            await client.embeddings.create(model=name, input="x")
            await client.request("GET", "/files/file-123")
    await asyncio.gather(one("a"), one("b"))
    stream = await create(model="left", messages=PROMPT, stream=True)
    await stream.close()
    task = asyncio.create_task(create(model="cancelled", messages=PROMPT))
    await asyncio.to_thread(pool.wait, 8)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
asyncio.run(main())
spans = exporter.get_finished_spans()
callers = {each.get_span_context().span_id: each.name for each in spans}
for name in "ab":
    for kind in ("chat", "embeddings"):
        call, = [each for each in spans if each.name == f"{kind} {name}"]
        assert callers[call.parent.span_id] == name
        assert call.attributes["holysheep.endpoint"], call.attributes
    assert [each for each in spans if each.name == "GET" and
            callers.get(each.parent.span_id) == name]
left, = [each for each in spans if each.name == "chat left"]
assert left.status.status_code.name == "UNSET"
cancelled, = [each for each in spans if each.name == "chat cancelled"]
assert cancelled.attributes["error.type"] == "CancelledError", cancelled.attributes
for call in (left, cancelled):
    attempt, = [each for each in spans if each.parent and
                each.parent.span_id == call.get_span_context().span_id]
    for each in (call, attempt):
        assert each.attributes["holysheep.endpoint"] == "primary", each.to_json()
        assert each.attributes["server.port"], each.to_json()
    assert call.attributes["holysheep.attempts"] == 1
    assert attempt.attributes["holysheep.verdict"] == "cancelled", attempt.to_json()
""", kind="async_client", primary=SLOW)

    def test_it_can_be_switched_off(self):
        self.run_in("""
create(model="m", messages=PROMPT)
assert exporter.get_finished_spans() == ()
client.with_options(tracing=True).chat.completions.create(model="m", messages=PROMPT)
assert exporter.get_finished_spans()
""", settings="tracing=False")


class Without(unittest.TestCase):
    def test_nothing_of_it_is_loaded_by_itself(self):
        out = output_of("""
            import sys
            from holysheep import ConfigError, HolySheepClient, MockPool
            with MockPool() as pool:
                pool.client().chat.completions.create(model="m", messages=[])
            print(any(name.startswith("opentelemetry") for name in sys.modules))
            try:
                HolySheepClient("k", tracing=True)
            except ConfigError as error:
                print(error)
        """)
        loaded, told = out.splitlines()
        self.assertEqual(loaded, "False")
        self.assertIn("opentelemetry-api is needed", told)

    @needs("opentelemetry")
    def test_the_api_alone_does_nothing(self):
        output_of("""
            import opentelemetry.trace
            from holysheep import MockPool
            with MockPool() as pool:
                client = pool.client(tracing=True)
                assert client.chat.completions.create(model="m", messages=[]).output_text
        """, others=True)
