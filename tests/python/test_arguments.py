"""Arguments in forms that are easily taken for something else, and what many threads make at once."""

import dataclasses
import sys
import threading

from holysheep import (
    NOT_GIVEN,
    ConfigError,
    Endpoint,
    EndpointStatus,
    HolySheepClient,
    RequestError,
    omit,
)
from pools import MESSAGES, MODEL, PoolTest, chat

QUERY = {"n": None, "d": {"a": 1, "b": omit}, "t": True}
WRITTEN = "d%5Ba%5D=1&t=true"


class Pools(PoolTest):
    def test_a_mapping_is_no_list_of_endpoints(self):
        for endpoints in ({"primary": "https://my-gateway.example/v1"}, {}):
            with self.assertRaisesRegex(ConfigError, "endpoints: expected a list.*not dict"):
                HolySheepClient("k", endpoints=endpoints)

    def test_two_pools_are_one_too_many(self):
        urls = self.pool({}, {}).urls
        with self.assertRaisesRegex(ConfigError, "base_url: .*not both"):
            HolySheepClient("k", base_url=urls[0], endpoints=[urls[1]])

    def test_a_pool_stands_for_that_of_the_configuration(self):
        pool = self.pool({}, {})
        for one in ({"base_url": pool.urls[1]}, {"endpoints": [pool.urls[1]]}):
            made = HolySheepClient("k", config=pool.config, **one)
            self.assertEqual([each.url for each in made.pool], [pool.urls[1]])

    def test_a_view_has_the_pool_that_it_was_given(self):
        urls = self.pool({}, {}).urls
        client = HolySheepClient("k", base_url=urls[0])
        view = client.with_options(endpoints=[urls[1]])
        self.assertEqual([each.url for each in view.pool], [urls[1]])
        self.assertEqual([each.url for each in view.with_options(base_url=urls[0]).pool], [urls[0]])
        view = client.with_options(base_url=NOT_GIVEN, max_wait_ms=5)
        self.assertEqual([each.url for each in view.pool], [urls[0]])

    def test_views_find_what_was_given_as_it_was(self):
        pool = self.pool({}, {})
        entry = {"name": "mine", "url": pool.urls[0]}
        client = HolySheepClient("k", endpoints=(each for each in [entry]))
        entry["url"] = "https://elsewhere.example/v1"
        config = {**pool.config, "endpoints": [dict(each) for each in pool.config["endpoints"]]}
        other = HolySheepClient(config=config)
        config["endpoints"][0]["url"] = "https://elsewhere.example/v1"
        for each in (client, other):
            self.assertEqual(each.with_options(policy="document").pool[0].url, pool.urls[0])


    def test_an_endpoint_is_a_dataclass_for_those_who_ask(self):
        made = Endpoint("https://a.example/v1", "a")
        self.assertEqual(dataclasses.asdict(made),
                         {"url": "https://a.example/v1", "name": "a", "last_error": None,
                          "status": EndpointStatus.HEALTHY, "cooldown_until": 0})
        self.assertEqual(dataclasses.replace(made, name="b").name, "b")
        self.assertEqual(dataclasses.replace(made), made)

        @dataclasses.dataclass
        class Mine(Endpoint):
            region: str = "eu"

        self.assertEqual([each.name for each in dataclasses.fields(Mine)],
                         ["url", "name", "status", "last_error", "cooldown_until", "region"])


class Values(PoolTest):
    def test_a_query_is_written_alike_wherever_it_is_given(self):
        pool = self.pool()
        chat(pool.client(default_query=QUERY))
        chat(pool.client(), extra_query=QUERY)
        chat(pool.client().with_options(default_query=QUERY))
        for request in pool.requests:
            self.assertEqual(request.path.split("?")[1], WRITTEN)

    def test_a_query_that_cannot_be_written(self):
        pool = self.pool()
        with self.assertRaisesRegex(ConfigError, r"default_query.l\[\]: expected one value"):
            pool.client(default_query={"l": [1, 2]})
        with self.assertRaisesRegex(ConfigError, "default_query.b: expected text, not bytes"):
            pool.client(default_query={"b": b"x"})
        with self.assertRaisesRegex(RequestError, "extra_query.b: expected text, not bytes"):
            chat(pool.client(), extra_query={"b": b"x"})
        self.assertEqual(pool.count(), 0)

    def test_not_given_is_as_if_it_were_not_there(self):
        pool = self.pool()
        names = ("base_url", "default_headers", "default_query", "endpoints", "max_retries",
                 "on_attempt", "on_done", "organization", "policy", "project", "timeout", "tracing")
        client = HolySheepClient(config=pool.config, **dict.fromkeys(names, NOT_GIVEN))
        self.assertTrue(chat(client).output_text)
        with self.assertRaisesRegex(ConfigError, "HOLYSHEEP_API_KEY"):
            HolySheepClient(omit)

    def test_a_needed_argument_needs_a_value(self):
        pool = self.pool()
        for name in ("model", "messages"):
            given = {"model": MODEL, "messages": MESSAGES, name: omit}
            with self.assertRaisesRegex(RequestError, f"create: `{name}` is missing"):
                pool.client().chat.completions.create(**given)
        self.assertEqual(pool.count(), 0)

    def test_the_pool_names_what_is_wrong(self):
        pool = self.pool().client().pool
        for name, wrong in (("key", lambda: pool.set_key(5)),
                            ("endpoint", lambda: pool.set_key("k", 5)),
                            ("endpoint", lambda: pool.reset(5))):
            with self.assertRaisesRegex(RequestError, f"{name}: expected text"):
                wrong()

    def test_a_time_limit_says_how_long_it_may_be(self):
        for timeout in (float("inf"), 1e12):
            with self.assertRaisesRegex(ConfigError, "timeout: .*up to 1e9; None means no limit"):
                HolySheepClient("k", timeout=timeout)

    def test_a_parameter_of_a_call_takes_the_place_of_the_default(self):
        pool = self.pool()
        client = pool.client(default_query={"v": "1", "w": "1"})
        chat(client, extra_query={"v": [2, 3]})
        chat(client.with_options(default_query={"v": 4}))
        queries = [arrived.path.split("?")[1] for arrived in pool.requests]
        self.assertEqual(queries, ["v%5B%5D=2&v%5B%5D=3&w=1", "v=4&w=1"])


class Threads(PoolTest):
    def test_clients_of_many_configurations_are_made_at_once(self):
        url = self.pool().urls[0]
        errors = []

        def make(thread):
            try:
                for number in range(250):
                    HolySheepClient(f"sk-{thread}-{number}", base_url=url)
            except RuntimeError as error:
                errors.append(error)

        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        sys.setswitchinterval(1e-6)
        threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
