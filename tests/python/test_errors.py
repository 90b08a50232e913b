"""Errors: which class, what they say, what they never say, and who catches them."""

import pickle

import holysheep
from holysheep import (
    AllEndpointsFailedError,
    APIConnectionError,
    APIError,
    APIStatusError,
    HolySheepError,
    InternalServerError,
    RateLimitError,
)
from pools import PoolTest, answers, chat, needs, output_of

BY_ERROR = {
    "invalid_request": ("BadRequestError", 400),
    "auth": ("AuthenticationError", 401),
    "permission": ("PermissionDeniedError", 403),
    "model_not_found": ("NotFoundError", 404),
    "rate_limit_rpm": ("RateLimitError", 429),
    "server_error": ("InternalServerError", 500),
    "overloaded": ("InternalServerError", 503),
}
UNAVAILABLE = answers(
    status=503,
    body={"error": {"message": "The server is a prompt nobody may log", "type": "server_error",
                    "code": "503"}},
)


class Tree(PoolTest):
    def caught(self, *scripts, **settings):
        with self.assertRaises(HolySheepError) as caught:
            chat(self.client(*scripts, **settings))
        return caught.exception

    def test_each_status_has_its_class(self):
        for error, (name, status) in BY_ERROR.items():
            with self.subTest(error):
                found = self.caught(answers(error=error), max_wait_ms=0)
                self.assertIsInstance(found, getattr(holysheep, name))
                self.assertIsInstance(found, APIStatusError)
                self.assertEqual(found.status_code, status)
                self.assertTrue(str(found).startswith(f"Error code: {status} - {{"), str(found))
        for status, name in ((409, "ConflictError"), (422, "UnprocessableEntityError"),
                             (418, "APIStatusError")):
            found = self.caught(answers(status=status), max_retries=0)
            self.assertIsInstance(found, getattr(holysheep, name))

    def test_all_failed_is_also_the_last_cause(self):
        found = self.caught(UNAVAILABLE, UNAVAILABLE, max_retries=2)
        self.assertIsInstance(found, AllEndpointsFailedError)
        self.assertIsInstance(found, InternalServerError)
        self.assertEqual(found.attempts, 3)
        self.assertEqual({each.verdict for each in found.trace}, {"overloaded"})
        self.assertEqual(len(found.trace), 3)
        self.assertEqual((found.code, found.type, found.param), ("503", "server_error", None))
        self.assertEqual(found.body["code"], "503")
        self.assertTrue(found.retryable)
        self.assertIsInstance(found.__cause__, InternalServerError)
        self.assertNotIsInstance(found.__cause__, AllEndpointsFailedError)
        lines = str(found).split("\n")
        self.assertEqual(lines[0], "Error code: 503 - {'error': {'type': 'server_error', 'code': '503'}}")
        self.assertEqual(lines[1], "all endpoints failed (3 attempts):")
        self.assertIn("  primary: 503 overloaded", lines[2] + lines[3])
        self.assertEqual(found.message, str(found))

    def test_no_text_holds_the_prompt_or_what_the_provider_echoes(self):
        found = self.caught(UNAVAILABLE, UNAVAILABLE)
        self.assertNotIn("prompt nobody", str(found) + repr(found) + repr(found.trace))
        self.assertIn("prompt nobody", found.body["message"])

    def test_copies_keep_the_cause(self):
        found = self.caught(UNAVAILABLE, UNAVAILABLE)
        made = pickle.loads(pickle.dumps(found))
        self.assertEqual(str(made), str(found))
        self.assertEqual(str(made.__cause__), str(found.__cause__))
        self.assertIsNot(RateLimitError("a").trace, RateLimitError("b").trace)

    def test_request_and_response(self):
        found = self.caught(UNAVAILABLE, max_retries=0)
        self.assertEqual(found.request.method, "POST")
        self.assertEqual(found.request.url, "/chat/completions")
        self.assertEqual(found.response.status_code, 503)
        self.assertEqual(found.response.headers["Content-Type"], "application/json")
        self.assertEqual(found.response.headers.get("content-type"), "application/json")
        self.assertEqual(found.response.json()["error"]["code"], "503")
        self.assertTrue(found.request_id)
        self.assertEqual(found.endpoint, "primary")

    def test_all_limited_is_a_429_that_says_when(self):
        client = self.client(answers(error="rate_limit_rpm", retry_after_ms=30000), max_wait_ms=0)
        for _ in range(2):  # the second is never sent
            with self.assertRaises(RateLimitError) as caught:
                chat(client)
            self.assertEqual(caught.exception.status_code, 429)
            self.assertAlmostEqual(caught.exception.retry_after, 30, delta=1)
            self.assertIsInstance(caught.exception, AllEndpointsFailedError)
        self.assertEqual(caught.exception.attempts, 0)
        self.assertTrue(str(caught.exception).startswith("Error code: 429 - {"))

    def test_no_connection(self):
        found = self.caught({"refuse": True}, max_retries=0)
        self.assertIsInstance(found, APIConnectionError)
        self.assertIsNone(found.status_code)
        self.assertTrue(str(found).startswith("Connection error."))

    def test_pickled_and_back(self):
        found = self.caught(UNAVAILABLE, UNAVAILABLE)
        again = pickle.loads(pickle.dumps(found))
        self.assertIs(type(again), type(found))
        self.assertEqual(str(again), str(found))
        self.assertEqual(again.trace, found.trace)
        self.assertEqual(again.response.text, found.response.text)
        own = pickle.loads(pickle.dumps(holysheep.ConfigError("mine")))
        self.assertIsInstance(own, holysheep.ConfigError)
        self.assertEqual(str(own), "mine")

    def test_the_tree_is_the_contracts(self):
        self.assertTrue(issubclass(holysheep.APITimeoutError, APIConnectionError))
        self.assertTrue(issubclass(holysheep.StreamInterruptedError, APIError))
        self.assertTrue(issubclass(holysheep.ConfigError, ValueError))
        for name in holysheep.__all__:
            if name.endswith("Error"):
                self.assertTrue(issubclass(getattr(holysheep, name), HolySheepError), name)


class MaxRetries(PoolTest):
    def test_requests_that_were_answered_429_are_counted(self):
        for retries in (0, 1):
            with self.subTest(retries):
                always = answers(status=429, headers={"Retry-After": "0.01"})
                pool = self.pool(always, always, always)
                client = pool.client()
                self.addCleanup(client.close)
                with self.assertRaises(RateLimitError):
                    chat(client.with_options(max_retries=retries))
                self.assertEqual(pool.count(), retries + 1)


@needs("openai")
class BesideOpenai(PoolTest):
    SOURCE = """
        import pickle, sys
        {first}
        from holysheep import AllEndpointsFailedError, HolySheepClient, MockPool
        assert ("openai" in sys.modules) is {loaded}
        for error, name in (("rate_limit_rpm", "RateLimitError"), ("auth", "AuthenticationError"),
                            ("overloaded", "InternalServerError")):
            with MockPool([{{"default": {{"error": error}}}}]) as pool:
                client = pool.client(max_retries=0, max_wait_ms=0)
                import openai
                try:
                    client.chat.completions.create(model="m", messages=[])
                except getattr(openai, name) as error:
                    assert isinstance(error, openai.APIError)
                    again = pickle.loads(pickle.dumps(error))
                    assert isinstance(again, getattr(openai, name)), type(again)
                    print(error.status_code, error.message == str(error), error.body is None)
    """

    def test_handlers_of_the_openai_package_catch_ours(self):
        for first, loaded in (("import openai", True), ("", False)):
            with self.subTest(first):
                out = output_of(self.SOURCE.format(first=first, loaded=loaded), others=True)
                self.assertEqual(out, "429 True False\n401 True False\n503 True False\n")

    def test_the_root_of_its_errors_catches_all_of_ours(self):
        out = output_of("""
            import openai
            from holysheep import HolySheepClient, MockPool
            pool = MockPool()
            closed = pool.client(isolated=True)
            closed.close()
            def ask(client, **more):
                client.chat.completions.create(model="m", messages=[], **more)
            for attempt in (
                lambda: ask(closed),
                lambda: ask(pool.client(), holysheep={"allow": ["nowhere"]}),
                lambda: ask(pool.client(), user=object()),
                lambda: HolySheepClient(endpoints=5),
            ):
                try:
                    attempt()
                except openai.OpenAIError as error:
                    print(type(error).__name__, isinstance(error, openai.APIError))
        """, others=True)
        self.assertEqual(out.split("\n"), ["ClosedError False", "NoRouteError False",
                                           "RequestError False", "ConfigError False", ""])

    def test_its_own_objects_are_accepted_and_given(self):
        out = output_of("""
            import json, openai
            from holysheep import MockPool
            with MockPool() as pool:
                theirs = openai.OpenAI(api_key="k", base_url=pool.urls[0])
                theirs = theirs.chat.completions.create(model="m", messages=[])
                client = pool.client()
                ours = client.chat.completions.create(
                    model="m", messages=[theirs.choices[0].message], user=openai.NOT_GIVEN)
                assert json.loads(pool.requests[1].body) == {"model": "m", "messages": [
                    {"role": "assistant", "content": "Hello from primary."}]}
                made = ours.to_openai()
                assert isinstance(made, type(theirs)), type(made)
                print(made.choices[0].message.content)
                fake = type(ours).model_validate(ours.to_dict()).to_openai()
                assert fake == made and fake._request_id is None
        """, others=True)
        self.assertEqual(out.strip(), "Hello from primary.")
