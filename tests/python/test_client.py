"""The client without an event loop: what goes out, what comes back, what is refused."""

import copy
import enum
import functools
import json
import pickle
import sys
import threading
import traceback
from datetime import date
from fractions import Fraction
from types import SimpleNamespace
from unittest import mock

from holysheep import (
    NOT_GIVEN,
    APITimeoutError,
    ClosedError,
    ConfigError,
    Endpoint,
    EndpointStatus,
    HolySheepClient,
    HolySheepError,
    NoRouteError,
    RequestError,
    omit,
)
from holysheep.types import ChatCompletion
from pools import MESSAGES, MODEL, PoolTest, answers, chat, output_of

LIMITED = {"replies": [{"status": 429, "headers": {"Retry-After": "30"}}]}
SICK = answers(status=503)


def page(indicator, description):
    return answers(body={"status": {"indicator": indicator, "description": description}})


class Calls(PoolTest):
    def test_a_429_is_not_seen_by_the_caller(self):
        client = self.client(LIMITED, {})
        answer = chat(client)
        self.assertEqual(answer.choices[0].message.content, "Hello from backup-1.")
        self.assertEqual(answer.holysheep.endpoint, "backup-1")
        self.assertEqual(answer.holysheep.attempts, 2)
        self.assertEqual([each.verdict for each in answer.holysheep.trace], ["rate_limited", "ok"])
        self.assertEqual(client.pool["primary"].status, EndpointStatus.RATE_LIMITED)
        self.assertGreater(client.pool["primary"].cooldown_until, 1.7e9)
        self.assertEqual(client.pool[1].status, EndpointStatus.HEALTHY)

    def test_an_answer_that_a_program_made_says_that_nothing_was_sent(self):
        data = {"id": "x", "choices": [{"message": {"role": "assistant", "content": "hi"}}]}
        for made in (ChatCompletion.model_validate(data), ChatCompletion(**copy.deepcopy(data))):
            self.assertIsNone(made._request_id)
            self.assertEqual(json.loads(made.raw), data)
            told = made.holysheep
            self.assertIsNone(told.endpoint)
            self.assertIsNone(told.cost)
            self.assertEqual((told.attempts, told.trace, told.headers, told.took, told.waited),
                             (0, [], {}, 0, 0))
            self.assertIn("endpoint=None", repr(told))
            self.assertEqual(pickle.loads(pickle.dumps(made)), made)

    def test_the_body_is_what_was_given(self):
        pool = self.pool()
        client = pool.client()
        chat(
            client,
            temperature=0.5,
            top_p=1,
            big=2**70,
            max_tokens=NOT_GIVEN,
            user=omit,
            stop=None,
            text='q"\\\n\x01é😀',
            when=date(2026, 11, 26),
            logit_bias={50256: -100},
            numbers=(1, -2.5e-8, True),
            lazily=(n for n in (1, 2)),
            extra_body={"mine": {"a": []}},
        )
        body = json.loads(pool.requests[0].body)
        self.assertEqual(
            body,
            {
                "model": MODEL,
                "messages": MESSAGES,
                "temperature": 0.5,
                "top_p": 1,
                "big": 2**70,
                "stop": None,
                "text": 'q"\\\n\x01é😀',
                "when": "2026-11-26",
                "logit_bias": {"50256": -100},
                "numbers": [1, -2.5e-8, True],
                "lazily": [1, 2],
                "mine": {"a": []},
            },
        )

    def test_numbers_and_names_of_others_are_what_they_mean(self):
        class Token(enum.IntEnum):
            END = 50256

        class Kind(enum.Enum):
            TEXT = "text"

        class Number:  # as numpy's scalars are
            dtype = "int64"

            def tolist(self):
                return 7

        pool = self.pool()
        chat(
            pool.client(),
            logit_bias={Token.END: Number(), Number(): 1, 8: 1, "9": 1, 0.5: 1, True: 1, None: 1},
            response_format={"type": Kind.TEXT, Kind.TEXT: Token.END, "absent": omit},
            timeout=Fraction(5),
        )
        body = json.loads(pool.requests[0].body)
        self.assertEqual(body["logit_bias"], {
            "50256": 7, "7": 1, "8": 1, "9": 1, "0.5": 1, "true": 1, "null": 1})
        self.assertEqual(body["response_format"], {"type": "text", "text": 50256})

    def test_results_go_back_into_messages(self):
        pool = self.pool()
        client = pool.client()
        message = chat(client).choices[0].message
        model = SimpleNamespace(model_dump=lambda **_: {"role": "user", "content": "pydantic"})
        client.chat.completions.create(model=MODEL, messages=[*MESSAGES, message, model])
        sent = json.loads(pool.requests[1].body)["messages"]
        self.assertEqual(sent[1], {"role": "assistant", "content": "Hello from primary."})
        self.assertEqual(sent[2], {"role": "user", "content": "pydantic"})

    def test_answers_dump_copy_and_are_made_as_pydantics_models(self):
        answer = chat(self.client())
        text = answer.output_text
        self.assertEqual(answer.model_dump(include={"id", "model"}),
                         {"id": "chatcmpl-mock", "model": MODEL})
        self.assertNotIn("choices", answer.model_dump(exclude={"choices"}))
        self.assertEqual(
            answer.model_dump(include={"choices": {"__all__": {"message": {"content"}}}}),
            {"choices": [{"message": {"content": text}}]})
        self.assertEqual(
            answer.model_dump(include={"choices"}, exclude_unset=True,
                              exclude={"choices": {0: {"index", "finish_reason"}}}),
            {"choices": [{"message": {"role": "assistant", "content": text}}]})
        self.assertEqual(json.loads(answer.model_dump_json(exclude={"choices", "usage"},
                                                           exclude_none=True)).get("choices"), None)
        copied = answer.model_copy(update={"id": "mine"})
        self.assertEqual((copied.id, answer.id), ("mine", "chatcmpl-mock"))
        self.assertEqual(answer.model_copy(deep=True), answer)
        self.assertEqual(answer.choices[0].message.model_copy(update={"content": "x"}).content, "x")
        self.assertEqual(answer.choices[0].message.content, text)
        for made in (type(answer).model_validate(answer.to_dict()),
                     type(answer).model_validate_json(answer.to_json())):
            self.assertEqual(made, answer)
            self.assertEqual(made.choices[0].message.content, text)

    def test_tests_of_programs_may_replace_methods(self):
        client = self.client()
        with mock.patch.object(client.chat.completions, "create", return_value="fake"):
            self.assertEqual(client.chat.completions.create(), "fake")
        self.assertTrue(chat(client).id)
        # Python 3.9 says the last part of the name only.
        with self.assertRaisesRegex(TypeError, r"^(chat.completions.)?create\(\) takes"):
            client.chat.completions.create(MODEL, MESSAGES)

    def test_headers_query_and_path(self):
        pool = self.pool()
        client = pool.client(default_headers={"X-A": "1"}, default_query={"v": "2"}, organization="o")
        chat(client, extra_headers={"X-B": "2"}, extra_query={"flag": True, "list": [1, 2]})
        arrived = pool.requests[0]
        self.assertEqual(arrived.headers["x-a"], "1")
        self.assertEqual(arrived.headers["x-b"], "2")
        self.assertEqual(arrived.headers["openai-organization"], "o")
        path, query = arrived.path.split("?")
        self.assertTrue(path.endswith("/chat/completions"))
        self.assertEqual(
            set(query.split("&")), {"v=2", "flag=true", "list%5B%5D=1", "list%5B%5D=2"}
        )

    def test_other_paths(self):
        client = self.client()
        self.assertEqual(client.embeddings.create(model="e", input="x").data[0].index, 0)
        self.assertIn("Hello", client.responses.create(model=MODEL, input="hi").output_text)
        self.assertIn(MODEL, [model.id for model in client.models.list()])
        self.assertEqual(client.request("GET", "/models").data[0].object, "model")
        sent = client.request(
            "POST", "/files", content=b"abc", extra_headers={"Content-Type": "text/plain"}
        )
        self.assertIsNotNone(sent)
        pool = self.pool()
        pool.client().request("POST", "/x", content="text", extra_query={"a": {"b": 1}},
                              extra_headers={"Content-Type": "text/plain"})
        self.assertEqual(pool.requests[0].body, "text")
        self.assertTrue(pool.requests[0].path.endswith("/x?a%5Bb%5D=1"))

    def test_a_model_is_retrieved_by_its_id(self):
        body = {"id": "a/b", "object": "model", "created": 1, "owned_by": "me"}
        pool = self.pool(answers(body=body))
        client = pool.client()
        model = client.models.retrieve("a/b")
        self.assertEqual((model.id, model.owned_by, model.holysheep.endpoint),
                         ("a/b", "me", "primary"))
        self.assertTrue(pool.requests[0].path.endswith("/models/a%2Fb"))
        self.assertEqual(model.model_dump(), body)
        self.assertEqual(pickle.loads(pickle.dumps(model)), model)
        self.assertEqual(client.models.with_raw_response.retrieve("x").parse(), model)
        for wrong in ("", None, 5, "\ud800"):
            with self.assertRaisesRegex(RequestError, "model"):
                client.models.retrieve(wrong)

    def test_raw_response(self):
        raw = self.client().chat.completions.with_raw_response.create(
            model=MODEL, messages=MESSAGES
        )
        self.assertEqual(raw.status_code, 200)
        self.assertEqual(raw.headers["content-type"], "application/json")
        self.assertEqual(json.loads(raw.content), json.loads(raw.text))
        self.assertEqual(raw.parse().id, "chatcmpl-mock")
        self.assertTrue(raw.request_id)
        self.assertEqual(raw.headers["Content-Type"], raw.headers.get("CONTENT-type"))
        self.assertIn("Content-Type", raw.headers)
        self.assertEqual(raw.elapsed.total_seconds(), raw.parse().holysheep.took)
        kept = pickle.loads(pickle.dumps(raw))
        self.assertEqual((kept.status_code, kept.content, kept.request_id, kept.parse()),
                         (200, raw.content, raw.request_id, raw.parse()))

    def test_the_http_side_of_a_raw_response(self):
        client = self.client(LIMITED, {})
        raw = client.chat.completions.with_raw_response.create(
            model=MODEL, messages=MESSAGES, extra_query={"a": 1})
        http = raw.http_response
        self.assertEqual(raw.retries_taken, 1)
        self.assertEqual((raw.method, raw.url), ("POST", "/chat/completions?a=1"))
        self.assertEqual((http.status_code, http.is_success, http.is_error), (200, True, False))
        self.assertEqual(http.headers, raw.headers)
        self.assertEqual(http.content, raw.content)
        self.assertEqual(http.read(), raw.read())
        self.assertEqual(http.json(), raw.parse().to_dict())
        self.assertEqual(http.elapsed, raw.elapsed)
        self.assertEqual((http.request.method, http.url), (raw.http_request.method, raw.url))
        kept = pickle.loads(pickle.dumps(raw))
        self.assertEqual((kept.retries_taken, kept.url), (1, raw.url))
        self.assertEqual(repr(raw), "<RawResponse [200] POST /chat/completions?a=1>")

    def test_raw_responses_of_every_resource(self):
        client = self.client()
        whole = client.with_raw_response
        for resource, raws, arguments in (
            (client.embeddings, whole.embeddings, {"model": "e", "input": "x"}),
            (client.responses, whole.responses, {"model": MODEL, "input": "x"}),
            (client.chat.completions, whole.chat.completions, {"model": MODEL, "messages": []}),
        ):
            for raw in (resource.with_raw_response, raws):
                found = raw.create(**arguments)
                self.assertEqual(found.status_code, 200)
                self.assertIs(type(found.parse()), type(resource.create(**arguments)))
        self.assertEqual(client.models.with_raw_response.list().parse().object, "list")

    def test_a_raw_response_of_a_stream(self):
        client = self.client()
        raw = client.chat.completions.with_raw_response.create(
            model=MODEL, messages=MESSAGES, stream=True)
        self.assertTrue(raw.headers["content-type"].startswith("text/event-stream"))
        self.assertEqual(raw.http_response.status_code, 200)
        self.assertEqual(raw.retries_taken, 0)
        self.assertEqual("".join(raw.parse().text_deltas()), "Hello from primary.")

    def test_options_of_a_call(self):
        pool = self.pool({}, {})
        client = pool.client()
        answer = chat(client, holysheep={"endpoint": "backup-1"})
        self.assertEqual(answer.holysheep.endpoint, "backup-1")
        with self.assertRaisesRegex(RequestError, "endpoint"):
            chat(client, holysheep={"endpoint": "nowhere"})
        with self.assertRaises(NoRouteError):
            chat(client, holysheep={"allow": ["region:mars"]})
        self.assertEqual(pool.count(), 1)

    def test_a_time_limit_is_that_of_the_call(self):
        client = self.client(answers(stall="before_headers"))
        with self.assertRaisesRegex(APITimeoutError, "Request timed out"):
            chat(client, timeout=0.05)
        httpx_like = SimpleNamespace(connect=5, read=0.05, write=None, pool=1)
        with self.assertRaises(APITimeoutError):
            chat(client.with_options(max_retries=0), timeout=httpx_like)

    def test_the_headers_of_an_answer_have_no_case(self):
        found = chat(self.client()).holysheep.headers
        self.assertEqual(found.setdefault("Content-Type", "other"), found["content-type"])
        found["X-MINE"] = "1"
        self.assertEqual(found.pop("x-Mine"), "1")
        self.assertIsNone(found.pop("X-Mine", None))
        del found["Content-Type"]
        self.assertNotIn("content-type", found)

    def test_hooks_get_the_trace(self):
        attempts, done = [], []
        client = self.client(LIMITED, {}, on_attempt=attempts.append, on_done=done.append)
        chat(client)
        self.assertEqual([[each.endpoint for each in batch] for batch in attempts],
                         [["primary", "backup-1"]])
        self.assertEqual(done[0].attempts, 2)
        with chat(client, stream=True) as stream:
            list(stream)
        self.assertEqual(done[1].endpoint, "backup-1")
        self.assertEqual(len(attempts), 2)

    def test_hooks_are_told_of_streams_that_are_left(self):
        done = []
        client = self.client({}, on_done=done.append)
        for _ in chat(client, stream=True):
            break
        with chat(client, stream=True) as stream:
            next(stream)
        chat(client, stream=True).close()
        self.assertEqual([each.endpoint for each in done], ["primary"] * 3)
        self.assertEqual([each.attempts for each in done], [1] * 3)

    def test_hooks_are_told_once_of_a_stream_closed_while_it_is_read(self):
        done, began = [], threading.Event()
        client = self.client(answers(tokens=50, stall={"at": "after_content", "after_tokens": 2}), on_done=done.append)
        stream = chat(client, stream=True)

        def read():
            with self.assertRaises(HolySheepError):
                for _ in stream:
                    began.set()

        reader = threading.Thread(target=read)
        reader.start()
        self.assertTrue(began.wait(30))
        stream.close()
        reader.join(30)
        self.assertEqual([each.attempts for each in done], [1])

    def test_a_client_without_a_loop_takes_no_async_hooks(self):
        async def hook(_):
            pass

        class Hook:
            async def __call__(self, _):
                pass

        for each in (hook, Hook(), functools.partial(hook)):
            for name in ("on_done", "on_attempt"):
                with self.assertRaisesRegex(ConfigError, f"{name}: .*AsyncHolySheepClient"):
                    self.client(**{name: each})
        with self.assertRaisesRegex(ConfigError, "on_done"):
            self.client().with_options(on_done=hook)

    def test_a_hook_that_raises_takes_no_answer_away(self):
        def broken(_):
            raise ZeroDivisionError

        shown, before = [], sys.excepthook
        self.addCleanup(setattr, sys, "excepthook", before)
        sys.excepthook = lambda kind, *_: shown.append(kind)
        self.assertTrue(chat(self.client(on_done=broken)).output_text)
        self.assertEqual(shown, [ZeroDivisionError])

    def test_the_key_may_be_a_function(self):
        pool = self.pool()
        keys = iter(["first", "one", "two"])
        client = HolySheepClient(lambda: next(keys), base_url=pool.urls[0])
        chat(client)
        chat(client)
        self.assertEqual([each.key for each in pool.requests], ["one", "two"])

    def test_many_threads_share_one_client(self):
        client = self.client()
        texts = []
        threads = [
            threading.Thread(
                target=lambda: texts.extend(chat(client).output_text for _ in range(20))
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(texts, ["Hello from primary."] * 160)

    def test_check_tests_each_endpoint(self):
        client = self.client({}, answers(error="auth"))
        good, bad = client.check()
        self.assertTrue(good)
        self.assertFalse(bad)
        self.assertEqual(bad.endpoint, "backup-1")
        self.assertEqual(bad.error.status_code, 401)
        self.assertIn("holysheep_attempts_total", client.metrics())
        self.assertEqual([bool(each) for each in client.pool.check()], [True, False])
        self.assertEqual(client.pool.health()["ok"], client.health()["ok"])
        self.assertIn("primary", client.pool)
        self.assertNotIn("nowhere", client.pool)
        self.assertEqual([each.name for each in client.pool[1:]], ["backup-1"])


class ServiceCheck(PoolTest):
    def test_the_configured_page_or_the_one_that_is_given(self):
        pages = self.pool(page("none", "All well"), page("major", "Major outage"), SICK)
        well, out, broken = (url + "/status.json" for url in pages.urls)
        client = self.client(monitor={"status_page_url": well})
        found = client.check_service()
        self.assertTrue(found)
        self.assertEqual((found.url, found.http_status, found.indicator, found.error),
                         (well, 200, "none", None))
        self.assertGreaterEqual(found.took, 0)
        found = client.check_service(out)
        self.assertFalse(found)
        self.assertEqual((found.ok, found.description), (False, "Major outage"))
        self.assertIn("Major outage", repr(found))
        self.assertEqual(client.check_service(broken).http_status, 503)
        self.assertEqual([each.endpoint for each in pages.requests],
                         ["primary", "backup-1", "backup-2"])

    def test_a_page_that_does_not_answer_raises_nothing(self):
        found = self.client().check_service("http://127.0.0.1:9/")
        self.assertFalse(found)
        self.assertEqual(found.http_status, 0)
        self.assertTrue(found.error)

    def test_an_url_that_is_none(self):
        for url in (5, "status.holysheep.ai"):
            with self.assertRaisesRegex(RequestError, "url: expected"):
                self.client().check_service(url)


class Results(PoolTest):
    def test_attributes_items_and_dumps(self):
        answer = chat(self.client())
        raw = json.loads(answer.raw)
        self.assertEqual(answer.to_dict(), raw)
        self.assertEqual(answer.model_dump(exclude_unset=True), raw)
        self.assertEqual(json.loads(answer.to_json()), raw)
        dumped = answer.model_dump()
        self.assertEqual(json.loads(answer.model_dump_json()), dumped)
        self.assertEqual(json.loads(answer.model_dump_json(indent=2, by_alias=True)), dumped)
        self.assertEqual({name: dumped[name] for name in raw if name != "choices"},
                         {name: raw[name] for name in raw if name != "choices"}
                         | {"usage": dumped["usage"]})
        message = dumped["choices"][0]["message"]
        self.assertIsNone(dumped["system_fingerprint"])
        self.assertEqual({"tool_calls": None, "refusal": None} | message, message)
        self.assertEqual(answer.model_dump(exclude_none=True), raw)
        self.assertEqual(answer["choices"][0]["message"]["content"], answer.output_text)
        self.assertIs(answer.choices, answer["choices"])
        self.assertIsNone(answer.choices[0].message.tool_calls)
        self.assertIsNone(answer.service_tier)
        self.assertEqual(answer.usage.total_tokens, raw["usage"]["total_tokens"])
        self.assertTrue(answer._request_id)
        self.assertIn("ChatCompletion(id='chatcmpl-mock'", repr(answer))
        self.assertIn("choices=[Choice(index=0, message=Message(", repr(answer))
        with self.assertRaises(AttributeError):
            answer.nothing
        with self.assertRaises(KeyError):
            answer["nothing"]
        self.assertEqual(dict(answer)["id"], answer.id)
        self.assertEqual(pickle.loads(pickle.dumps(answer)), answer)
        answer.choices[0].message.content = "mine"
        self.assertEqual(answer.to_dict()["choices"][0]["message"]["content"], "mine")

    def test_copies_keep_body_and_metadata(self):
        answer = chat(self.client(LIMITED, {}))
        attempt = answer.holysheep.trace[0]
        for made in (copy.copy(answer), copy.deepcopy(answer), pickle.loads(pickle.dumps(answer))):
            self.assertEqual(made, answer)
            self.assertEqual(made.raw, answer.raw)
            self.assertEqual(made.holysheep.to_dict(), answer.holysheep.to_dict())
        for made in (copy.copy(attempt), pickle.loads(pickle.dumps(attempt))):
            self.assertEqual(made.to_dict(), attempt.to_dict())

    def test_members_named_like_methods(self):
        body = {"keys": ["a"], "get": 5, "to_dict": 1, "model_dump": "x", "_nested": 0, "id": "i"}
        client = self.client(answers(body=body))
        for answer in (chat(client), client.request("GET", "/keys")):
            self.assertEqual(answer.to_dict(), body)
            self.assertEqual(dict(answer)["keys"], ["a"])
            self.assertEqual(answer["get"], 5)
            self.assertEqual(answer.get("id"), "i")
            self.assertEqual(json.loads(answer.to_json()), body)

    def test_odd_answers(self):
        for body in ({"choices": [{}]}, {"choices": [None]}, {"choices": {}}, {"choices": []}, {}):
            with self.subTest(body):
                self.assertEqual(chat(self.client(answers(body=body))).output_text, "")
        half = self.client(answers(body='{"choices": [{"message": {"content": "\\ud83d"}}]}'))
        self.assertIn('"\\ud83d"', chat(half).model_dump_json())
        deep = self.client(answers(body="[" * 100000 + "]" * 100000), max_retries=0)
        with self.assertRaises(HolySheepError):
            chat(deep).choices
        self.assertTrue(deep.request("GET", "/x"))

    def test_the_body_is_read_only_when_looked_at(self):
        answer = chat(self.client())
        self.assertIsNone(object.__getattribute__(answer, "__dict__").get("id"))
        self.assertEqual(answer.holysheep.attempts, 1)
        self.assertIsNone(object.__getattribute__(answer, "__dict__").get("id"))
        self.assertEqual(answer.id, "chatcmpl-mock")
        self.assertEqual(object.__getattribute__(answer, "__dict__")["id"], "chatcmpl-mock")

    def test_usage_and_cost(self):
        client = self.client(answers(usage={"prompt_tokens": 1000, "completion_tokens": 500}),
                             prices={MODEL: {"input": "2", "output": "8"}})
        found = chat(client).holysheep
        self.assertEqual(found.usage, {"input": 1000, "output": 500})
        self.assertEqual(found.cost_nano_usd, 6_000_000)
        self.assertAlmostEqual(found.cost, 0.006)


class Construction(PoolTest):
    def refused(self, words, **arguments):
        with self.assertRaisesRegex(ConfigError, words) as caught:
            HolySheepClient(**arguments)
        self.assertIsInstance(caught.exception, ValueError)

    def test_bad_input_is_refused_with_its_name(self):
        self.refused("HOLYSHEEP_API_KEY")
        self.refused("foo: unknown key", api_key="k", foo=1)
        self.refused("did you mean.*routing", api_key="k", routin="sticky")
        self.refused("api_key", api_key=3)
        async def key():
            return "k"
        self.refused("AsyncHolySheepClient", api_key=key)
        self.refused("base_url: expected a URL", api_key="k", base_url="nope")
        self.refused("http_client.*proxy.*ca_file.*client_cert", api_key="k", http_client=object())
        self.refused("config.*nowhere", config="/nowhere/pool.json")
        self.refused("line 1, column 2", config="{,")
        for name in ("headers", "query"):
            for section in (5, [], None):
                more = {"config": {name: section}, f"default_{name}": {"a": "b"}}
                self.refused(f"{name}: expected an object", api_key="k", **more)
        self.refused(r"config.endpoints\[0\]", endpoints=[{1, 2}], api_key="k")
        for name, values in (
            ("config", (5, True, 1.5, b"", b"\xff", b"/nowhere")),
            ("endpoints", (5, "primary")),
            ("max_retries", ("3", -1, True, 1.5, 1000, 10**30)),
            ("timeout", ("5", 0, -1, True, float("nan"))),
            ("default_headers", ("abc", [1], {1: "x"})),
            ("default_query", ("x", [1], {"a": object()})),
            ("tracing", ("x", 1)),
            ("on_done", (5,)),
            ("on_attempt", ("x",)),
            ("policy", ("clever", 5)),
            ("base_url", (5, "")),
        ):
            for value in values:
                with self.subTest(name, value=value):
                    self.refused(name, **{"api_key": "k", name: value})

    def test_bad_defaults_of_a_view(self):
        client = self.client()
        for arguments, name in (({"max_retries": "3"}, "max_retries"), ({"timeout": -1}, "timeout"),
                                ({"default_headers": "x"}, "default_headers"),
                                ({"default_headers": {"X-A": []}}, "default_headers.X-A"),
                                ({"default_query": "x"}, "default_query")):
            with self.assertRaisesRegex(ConfigError, name):
                client.with_options(**arguments)
        for timeout in ("x", None, float("nan")):
            with self.assertRaisesRegex(RequestError, "timeout"):
                client.close(timeout)
        self.assertTrue(chat(client).output_text)
        self.assertTrue(client.close(float("inf")))

    def test_configurations_in_every_form(self):
        config = self.pool({}, {}).config
        for form in (config, json.dumps(config)):
            self.assertEqual(len(HolySheepClient(config=form).pool), 2)
        urls = [endpoint["url"] for endpoint in config["endpoints"]]
        client = HolySheepClient("k", endpoints=[Endpoint(urls[0], "a"),
                                                 {"name": "b", "url": urls[1], "share_key": True}])
        self.assertEqual([each.name for each in client.pool], ["a", "b"])
        self.assertEqual([each.name for each in HolySheepClient("k").pool],
                         ["primary", "backup-1", "backup-2"])
        self.assertEqual([each.name for each in HolySheepClient("k", base_url=urls[0]).pool],
                         ["primary"])
        pool = self.pool()
        deep = pool.urls[0].rsplit("/", 1)[0] + "/openai/deployments/mine"
        chat(HolySheepClient("k", base_url=deep, organization="o", project="p"))
        self.assertEqual(pool.requests[0].path, "/openai/deployments/mine/chat/completions")
        self.assertEqual(pool.requests[0].headers["openai-project"], "p")

    def test_the_environment_is_read(self):
        pool = self.pool()
        path = output_of(
            """
            import json, os, sys, tempfile
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                file.write(sys.argv[1]); file.flush()
                os.environ["HOLYSHEEP_CONFIG"] = file.name
                import holysheep
                print(holysheep.HolySheepClient().pool[0].url)
            """, json.dumps(pool.config))
        self.assertEqual(path.strip(), pool.urls[0])

    def test_equal_configurations_share_one_engine(self):
        pool = self.pool(LIMITED, {})
        chat(pool.client())
        self.assertEqual(pool.client().pool[0].status, EndpointStatus.RATE_LIMITED)
        self.assertEqual(pool.client(isolated=True).pool[0].status, EndpointStatus.HEALTHY)
        for _ in range(2):
            with pool.client() as client:
                self.assertEqual(client.pool[0].status, EndpointStatus.RATE_LIMITED)

    def test_clients_that_differ_in_a_time_limit_share_one_engine(self):
        pool = self.pool(LIMITED, {})
        chat(pool.client(timeout=50))
        other = pool.client(timeout=60, max_retries=1)
        self.assertEqual(other.pool[0].status, EndpointStatus.RATE_LIMITED)

    def test_views_keep_what_views_before_them_set(self):
        pool = self.pool(answers(stall="before_headers"), {})
        done = []
        view = pool.client().with_options(timeout=0.05, default_headers={"X-View": "yes"})
        for view in (view.with_options(on_done=done.append), view.with_options(api_key="other")):
            with self.assertRaises(APITimeoutError):
                chat(view, holysheep={"endpoint": "primary"})
            self.assertEqual(pool.requests[-1].headers["x-view"], "yes")
        self.assertEqual([found.endpoint for found in done], ["primary"])
        failing = self.client(answers(error="server_error"), max_retries=0)
        with self.assertRaises(HolySheepError) as caught:
            chat(failing, holysheep={"retry": {}})
        self.assertEqual(caught.exception.attempts, 1)

    def test_the_environments_configuration_is_for_clients_that_say_nothing(self):
        out = output_of("""
            from holysheep import HolySheepClient, HolySheepFailoverClient
            print(HolySheepClient().pool[0].name)
            print(HolySheepClient("k", base_url="http://127.0.0.1:9/v1").pool.config()["endpoints"]
                  [0]["name"], len(HolySheepFailoverClient("k").endpoints))
            """, HOLYSHEEP_CONFIG=json.dumps({"version": 1, "allow": ["mine"], "endpoints": [
                {"name": "mine", "url": "http://127.0.0.1:9/v1", "auth": "none"}]}))
        self.assertEqual(out.split(), ["mine", "primary", "3"])

    def test_a_text_that_is_no_configuration_is_not_repeated(self):
        for text in ("sk-live-secret", '[{"api_key": "sk-live-secret"}]', "a/sk-live-secret",
                     "sk-live-secret.json", b"sk-live-secret", b'{"api_key": "sk-live-secret", "x": 1}',
                     bytearray(b'{"api_key": "sk-live-secret"')):
            with self.assertRaises(ConfigError) as caught:
                HolySheepClient(config=text)
            told = "".join(traceback.format_exception(None, caught.exception, None))
            self.assertNotIn("sk-live-secret", told)
        pool = self.pool()
        marked = HolySheepClient(config="\ufeff" + json.dumps(pool.config))
        self.assertTrue(chat(marked).output_text)
        self.assertTrue(chat(HolySheepClient(config=json.dumps(pool.config).encode())).output_text)

    def test_views_change_defaults_only(self):
        pool = self.pool(LIMITED, {}, answers(stall="before_headers"))
        client = pool.client()
        view = client.with_options(default_headers={"X-View": "yes"}, timeout=5)
        chat(view)
        self.assertEqual(pool.requests[-1].headers["x-view"], "yes")
        self.assertEqual(client.pool[0].status, EndpointStatus.RATE_LIMITED)
        self.assertEqual(client.with_options(base_url=pool.urls[1]).pool[0].name, "primary")

    def test_a_client_is_neither_copied_nor_pickled(self):
        client = self.client()
        for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
            with self.assertRaisesRegex(HolySheepError, "another"):
                attempt(client)

    def test_a_thousand_clients_hold_one_thread_and_one_cooldown(self):
        out = output_of("""
            import os, holysheep
            limited = {"replies": [{"status": 429, "headers": {"Retry-After": "30"}}]}
            with holysheep.MockPool([limited, {}]) as pool:
                threads = len(os.listdir("/proc/self/task"))
                for _ in range(1000):
                    pool.client().chat.completions.create(model="m", messages=[])
                print(len(os.listdir("/proc/self/task")) - threads, pool.count("primary"))
        """)
        self.assertEqual(out.split(), ["1", "1"])

    def test_a_client_per_request_keeps_the_cooldowns_of_many_keys(self):
        pool = self.pool({"default": {"status": 429, "headers": {"Retry-After": "100"}}}, {})
        for _ in range(2):
            for number in range(60):
                with pool.client(api_key=f"customer-{number}") as client:
                    chat(client)
        self.assertEqual(pool.count("primary"), 60)

    def test_no_text_holds_the_key(self):
        client = HolySheepClient("sk-very-secret", base_url="http://127.0.0.1:9/v1", max_retries=0)
        texts = [repr(client), repr(client.pool), str(client.pool.config()), client.metrics()]
        with self.assertRaises(HolySheepError) as caught:
            chat(client)
        texts += [str(caught.exception), repr(caught.exception), repr(vars(caught.exception))]
        for text in texts:
            self.assertNotIn("sk-very-secret", text)


class BadCalls(PoolTest):
    def test_what_cannot_become_json_is_named(self):
        pool = self.pool()
        client = pool.client()
        endless = []
        endless.append(endless)
        for value, words in (
            ([{"role": "user", "content": {1}}], r"body.messages\[0\].content: cannot become JSON: set"),
            ([{"role": "user", "content": b"x"}], r"body.messages\[0\].content.*bytes"),
            ([{"n": float("nan")}], r"body.messages\[0\].n: is not finite"),
            ([{"format": dict}], r"body.messages\[0\].format: is a class; give its JSON schema"),
            ([{(1,): 2}], r"body.messages\[0\]: has a key that is neither text nor a number"),
            ([{float("nan"): 2}], r"body.messages\[0\]: has a key that is neither"),
            (["\ud800"], r"body.messages\[0\]: holds half of a surrogate pair"),
            (endless, "nested too deeply"),
        ):
            with self.assertRaisesRegex(RequestError, words):
                client.chat.completions.create(model=MODEL, messages=value)
        for arguments, words in (
            ({"messages": MESSAGES}, "`model` is missing"),
            ({"model": MODEL}, "`messages` is missing"),
            ({"model": MODEL, "messages": MESSAGES, "timeout": "1"}, "timeout: expected seconds"),
            ({"model": MODEL, "messages": MESSAGES, "timeout": -1}, "timeout: expected seconds"),
            ({"model": MODEL, "messages": MESSAGES, "holysheep": {"retri": {}}}, "options.retri"),
            ({"model": MODEL, "messages": MESSAGES, "extra_headers": {"A": "b\nC: d"}}, "line break"),
            ({"model": MODEL, "messages": MESSAGES, "extra_headers": "abc"}, "extra_headers"),
            ({"model": MODEL, "messages": MESSAGES, "extra_headers": {5: "x"}}, "extra_headers"),
            ({"model": MODEL, "messages": MESSAGES, "extra_headers": {"a": b"x"}}, "extra_headers.a"),
            ({"model": MODEL, "messages": MESSAGES, "extra_query": [("a", 1)]}, "extra_query"),
            ({"model": MODEL, "messages": MESSAGES, "extra_query": {"a": "\ud800"}}, "extra_query"),
            ({"model": MODEL, "messages": MESSAGES, "extra_body": "abc"}, "extra_body"),
            ({"model": MODEL, "messages": MESSAGES, "holysheep": [1]}, "holysheep"),
        ):
            with self.assertRaisesRegex(RequestError, words):
                client.chat.completions.create(**arguments)
        for arguments, words in (
            ((5, "/x"), "method"), (("GET", 5), "path"), (("GET", "/\ud800"), "path"),
        ):
            with self.assertRaisesRegex(RequestError, words):
                client.request(*arguments)
        with self.assertRaisesRegex(RequestError, "content"):
            client.request("POST", "/x", json={}, content=b"{}")
        self.assertEqual(pool.count(), 0)

    def test_an_error_of_the_callers_own_passes_through(self):
        def broken(**_):
            raise ZeroDivisionError("mine")

        with self.assertRaisesRegex(ZeroDivisionError, "mine"):
            self.client().chat.completions.create(
                model=MODEL, messages=[SimpleNamespace(model_dump=broken)]
            )

    def test_closing_lets_calls_finish(self):
        pool = self.pool(answers(latency_ms=300))
        client = pool.client()
        texts = []
        thread = threading.Thread(target=lambda: texts.append(chat(client).output_text))
        thread.start()
        self.assertTrue(pool.wait(1))
        self.assertTrue(client.close(timeout=60))
        thread.join()
        self.assertEqual(texts, ["Hello from primary."])

    def test_a_closed_client_says_so(self):
        client = self.pool().client()
        self.assertFalse(client.is_closed())
        self.assertTrue(client.close())
        client.close()
        self.assertTrue(client.is_closed())
        with self.assertRaisesRegex(ClosedError, "closed"):
            chat(client)
        for use in (client.pool.reset, lambda: client.pool.set_key("other")):
            with self.assertRaises(ClosedError):
                use()

    def test_parts_of_the_sdk_that_are_not_offered_say_what_to_do(self):
        client = self.client()
        for use in (
            lambda: client.files.create,
            lambda: client.beta.threads,
            lambda: client.audio(),
            lambda: client.with_streaming_response,
            lambda: client.chat.completions.with_streaming_response,
            lambda: client.chat.completions.parse,
        ):
            with self.assertRaisesRegex(AttributeError, r"request\(method, path"):
                use()
        with self.assertRaisesRegex(AttributeError, "no attribute 'colour'"):
            client.colour
