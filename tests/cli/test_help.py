"""Help, wrong command lines, version."""

import unittest

from program import run

COMMANDS = ["chat", "check", "status", "demo", "mock", "simulate", "config", "bench", "version"]


class Help(unittest.TestCase):
    def test_overview_names_every_command(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", done.stdout)
        self.assertIn("HOLYSHEEP_API_KEY", done.stdout)

    def test_no_command_prints_the_overview_as_an_error(self):
        done = run()
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("usage: holysheep COMMAND", done.stderr)

    def test_each_help_has_usage_options_and_an_example(self):
        for command in COMMANDS:
            with self.subTest(command):
                done = run(command, "--help")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"usage: holysheep {command}", done.stdout)
                self.assertIn(f"holysheep {command}", done.stdout.split("usage:")[1][20:])
                self.assertIn("--help", done.stdout)
                self.assertTrue(all(len(line) <= 100 for line in done.stdout.splitlines()))
                self.assertEqual(run("help", command).stdout, done.stdout)

    def test_help_is_given_beside_a_mistake(self):
        self.assertEqual(run("chat", "--help", "--wrong").returncode, 0)
        self.assertIn("usage: holysheep chat", run("chat", "hello", "--help").stdout)

    def test_version(self):
        done = run("version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^holysheep \d+\.\d+\.\d+ .*libcurl/")
        self.assertEqual(run("--version").stdout, done.stdout)


class WrongCommandLines(unittest.TestCase):
    def refused(self, *words):
        done = run(*words)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        return done.stderr

    def test_unknown_command_gives_the_nearest(self):
        self.assertIn("did you mean 'chat'?", self.refused("caht"))
        self.assertNotIn("did you mean", self.refused("frobnicate"))

    def test_unknown_option_gives_the_nearest(self):
        self.assertIn("did you mean --model?", self.refused("chat", "--modle", "x", "hi"))
        self.assertIn("did you mean --seconds?", self.refused("demo", "--second=1"))
        self.assertIn("holysheep chat --help", self.refused("chat", "--frobnicate"))

    def test_values(self):
        self.assertIn("--model needs a value", self.refused("chat", "--model"))
        self.assertIn("--json takes no value", self.refused("chat", "--json=yes"))
        for number in ("0", "-1", "x", "1.5", "", "99999999999999999999"):
            with self.subTest(number):
                self.assertIn("whole number from 1 to", self.refused("demo", "--seconds", number))
        self.assertIn("--temperature: expected a number",
                      self.refused("chat", "--temperature", "warm", "hi"))

    def test_surplus_arguments(self):
        self.assertIn("unexpected argument 'now'", self.refused("demo", "now"))
        self.assertIn("unexpected argument 'b'", self.refused("mock", "a", "b"))
        self.assertIn("nothing may follow --", self.refused("demo", "--", "now"))

    def test_commands_say_what_is_missing(self):
        self.assertIn("check FILE", self.refused("config"))
        self.assertIn("did you mean 'schema'?", self.refused("config", "shcema"))
        self.assertIn("check needs a file", self.refused("config", "check"))
        self.assertIn("which scenario?", self.refused("simulate"))
        self.assertIn("--url URL", self.refused("bench"))
        self.assertIn("did you mean healthy?", self.refused("mock", "--preset", "heathy"))


if __name__ == "__main__":
    unittest.main()
