"""What a real Prometheus makes of it: format, scrape, every query of the dashboard and the rules."""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import library
from test_endpoint import free_ports

GRAFANA = library.ROOT / "packaging" / "grafana"
PATIENCE_SECONDS = 60
TOKEN = "an-example-token"


def promtool(*words, text=None):
    return subprocess.run(["promtool", *words], input=text, capture_output=True, encoding="utf-8",
                          timeout=PATIENCE_SECONDS)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, what):
    """Asks again until it holds; Prometheus scrapes on a clock of its own."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.25)
    raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")


def busy_client(**monitor):
    """A client with something in every metric."""
    mock = library.Mock([
        {"name": "primary", "then": "repeat",
         "replies": [{}, {}, {"status": 429, "headers": {"Retry-After": "1"}}]},
        {"name": "backup-1", "fail_rate": 0.1, "limits": {"rpm": 100000, "tpm": 10000000}},
    ])
    client = library.Client(mock, prices=library.PRICES, budget={"usd_per_day": "100"},
                            monitor={"listen": ":0", "webhook": {"url": "http://127.0.0.1:9/"},
                                     **monitor})
    return mock, client


def traffic(client, count=12):
    for i in range(count):
        client.call(model="gpt-4.1" if i % 2 else "claude-sonnet-4.5", tag="test",
                    stream=i % 3 == 0)


@unittest.skipUnless(shutil.which("promtool"), "this release has no prometheus package")
class Format(unittest.TestCase):
    def setUp(self):
        self.mock, self.client = busy_client()
        self.addCleanup(self.mock.close)
        self.addCleanup(self.client.close)

    def test_promtool_accepts_an_idle_clients_metrics(self):
        checked = promtool("check", "metrics", text=self.client.metrics())
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_promtool_accepts_a_busy_clients_metrics(self):
        traffic(self.client, 40)
        checked = promtool("check", "metrics", text=self.client.metrics())
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_every_metric_is_in_metrics_md_and_the_other_way_round(self):
        traffic(self.client, 40)
        text = self.client.metrics()
        exposed = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
        documented = set(re.findall(r"`(holysheep_\w+)`( †)? \|", library.metrics_markdown()))
        documented = {name for name, _ in documented}
        self.assertEqual(exposed - documented, set())
        self.assertEqual(documented - exposed, set())
        self.assertEqual((library.ROOT / "METRICS.md").read_text(), library.metrics_markdown())

    def test_rules(self):
        self.assertEqual(promtool("check", "rules", str(GRAFANA / "alerts.yml")).returncode, 0)
        tested = promtool("test", "rules", str(GRAFANA / "alerts_test.yml"))
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)
        self.assertEqual(promtool("check", "config", str(GRAFANA / "prometheus.yml")).returncode, 0)


class Prometheus:
    """A Prometheus of the test's own, with a folder of its own, on a free port of loopback."""

    def __init__(self, *targets):
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        (folder / "token").write_text(TOKEN)
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(GRAFANA / "alerts.yml")],
            "scrape_configs": [{
                "job_name": "holysheep",
                "authorization": {"credentials_file": str(folder / "token")},
                "static_configs": [{"targets": list(targets)}],
            }],
        }))
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = open(folder / "log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={self.url.removeprefix('http://')}"],
            stdout=self.log, stderr=subprocess.STDOUT)

    def get(self, path, **query):
        url = self.url + path + "?" + urllib.parse.urlencode(query)
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return None  # it is about to be up
            raise AssertionError(f"{query}: {error.read().decode()}") from error
        except OSError:
            return None  # it is not up yet

    def query(self, expression):
        return (self.get("/api/v1/query", query=expression) or {}).get("result", [])

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()


WORKER = """
import json, sys
import library
client = library.Client(library.Mock([{"name": "primary"}]), monitor={"listen": sys.argv[1]})
for _ in range(int(sys.argv[2])):
    client.call()
print(client.address(), flush=True)
sys.stdin.read()
"""


@unittest.skipUnless(shutil.which("prometheus"), "this release has no prometheus package")
class Workers(unittest.TestCase):
    """Processes of one program, as gunicorn has them: one configuration for all."""

    def test_all_are_scraped_and_add_up(self):
        first = free_ports(4)
        listen = f"127.0.0.1:{first}-{first + 3}"
        workers = []
        addresses = set()
        for calls in (1, 2, 3):
            worker = subprocess.Popen([sys.executable, "-c", WORKER, listen, str(calls)],
                                      cwd=Path(library.__file__).parent, encoding="utf-8",
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            workers.append(worker)
            self.addCleanup(worker.wait)
            self.addCleanup(worker.stdout.close)
            self.addCleanup(worker.stdin.close)
            addresses.add(worker.stdout.readline().strip())
        self.assertEqual(addresses, {f"127.0.0.1:{first + i}" for i in range(3)})
        prometheus = Prometheus(*(f"127.0.0.1:{first + i}" for i in range(4)))
        self.addCleanup(prometheus.close)
        total = "sum without (instance) (holysheep_calls_started_total)"
        found = eventually(lambda: [each for each in prometheus.query(total)
                                    if each["value"][1] == "6"], "the sum of all workers")
        self.assertEqual(len(found), 1)
        self.assertEqual(len(prometheus.query("holysheep_calls_started_total")), 3)
        self.assertEqual(prometheus.query("sum by (job) (up) == 0"), [])


@unittest.skipUnless(shutil.which("prometheus"), "this release has no prometheus package")
class Scrape(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock, cls.client = busy_client(token=TOKEN)
        cls.addClassCleanup(cls.mock.close)
        cls.addClassCleanup(cls.client.close)
        cls.prometheus = Prometheus(cls.client.address())
        cls.addClassCleanup(cls.prometheus.close)
        # A rate needs two scrapes with traffic between them.
        eventually(lambda: cls.prometheus.query('up{job="holysheep"} == 1'), "the first scrape")
        traffic(cls.client)
        scraped = cls.prometheus.query("holysheep_calls_started_total")
        eventually(lambda: cls.prometheus.query("holysheep_calls_started_total > 11"),
                   f"a scrape after {scraped}")

    def answered(self, expression):
        # Each poll makes some more traffic: rates and increases must see something grow.
        def ask():
            result = self.prometheus.query(expression)
            if not result:
                traffic(self.client, 6)
            return result
        return eventually(ask, expression)

    def test_the_scrape_is_good(self):
        target = self.prometheus.get("/api/v1/targets")["activeTargets"][0]
        self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        # Prometheus asks for OpenMetrics, which it reads more strictly.
        self.assertEqual(self.prometheus.query("holysheep_build_info")[0]["value"][1], "1")

    def test_numbers_arrive_as_they_are(self):
        def same():
            now = self.client.metrics()
            wanted = int(re.search(r"^holysheep_calls_started_total (\d+)", now, re.M)[1])
            found = self.prometheus.query("holysheep_calls_started_total")
            return int(found[0]["value"][1]) == wanted
        eventually(same, "the counter of calls")

    def test_every_query_of_the_dashboard_is_answered(self):
        board = json.loads((GRAFANA / "dashboard.json").read_text())
        count = 0
        for panel in board["panels"]:
            for target in panel["targets"]:
                expression = target["expr"].replace("$__rate_interval", "1m")
                expression = expression.replace("$__range", "5m")
                expression = re.sub(r"\$(job|instance|endpoint)\b", ".*", expression)
                self.assertNotIn("$", expression)
                with self.subTest(panel=panel["title"], query=expression):
                    self.assertTrue(self.answered(expression))
                    count += 1
        self.assertGreater(count, 15)

    def test_every_variable_of_the_dashboard_has_values(self):
        for name, selector in (("job", "holysheep_build_info"), ("instance", "holysheep_build_info"),
                               ("endpoint", "holysheep_api_requests_total")):
            values = self.prometheus.get(f"/api/v1/label/{name}/values", **{"match[]": selector})
            self.assertTrue(values)

    def test_every_rule_is_evaluated_and_its_metrics_exist(self):
        def evaluated():
            groups = (self.prometheus.get("/api/v1/rules") or {}).get("groups", [])
            rules = [rule for group in groups for rule in group["rules"]]
            return rules if rules and all(each["health"] == "ok" for each in rules) else None
        rules = eventually(evaluated, "the first evaluation of the rules")
        for rule in rules:
            for metric in set(re.findall(r"holysheep_\w+", rule["query"])):
                self.assertTrue(self.answered(metric), f"{rule['name']}: {metric}")

    def test_the_dashboard_imports_cleanly(self):
        board = json.loads((GRAFANA / "dashboard.json").read_text())
        idents = [panel["id"] for panel in board["panels"]]
        self.assertEqual(len(idents), len(set(idents)))
        documented = library.metrics_markdown()
        for metric in set(re.findall(r"holysheep_\w+", json.dumps(board["panels"]))):
            name = re.sub(r"_(bucket|sum|count)$", "", metric)
            self.assertIn(f"`{name}`", documented)
        cells = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            self.assertTrue(panel["description"].endswith("."), panel["title"])
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), cells, f"{panel['title']} overlaps another panel")
                    cells.add((x, y))
