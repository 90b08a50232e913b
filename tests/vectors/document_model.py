#!/usr/bin/env python3
"""A second opinion on document.json: derives every run from a model of policy `document`.

The vectors were recorded from the document's own classes. This model was written from SEMANTICS 4
alone, as one machine with two knobs, so a slip in the recording or in our reading of the document
shows as a difference. `document_model.py` compares and exits 1 at the first difference.
"""

import itertools
import json
import os
import sys

ENDPOINTS = 3
ATTEMPTS_MAX = 3
BASE_DELAY_MS = 1000
COOLDOWN_MS = 60000
GAPS_MS = (0, 61000)
SCRIPT_LENGTH_MAX = 6
RATE_LIMITED, SERVER_ERROR, SUCCESS = "4", "5", "2"


class Pool:
    """Sticky and sequential; one state per endpoint. `delay_on_any_failure` is TypeScript's knob."""

    def __init__(self, delay_on_any_failure):
        self.delay_on_any_failure = delay_on_any_failure
        self.statuses = ["h"] * ENDPOINTS
        self.cooldown_until_ms = [0] * ENDPOINTS
        self.current = 0
        self.now_ms = 0
        self.mended = set()

    def status(self, index):
        limited = self.statuses[index] == "r"
        return "h" if limited and self.now_ms >= self.cooldown_until_ms[index] else self.statuses[index]

    def choose(self):
        for step in range(ENDPOINTS):
            index = (self.current + step) % ENDPOINTS
            if self.status(index) != "r":
                return index
        if self.delay_on_any_failure:
            self.mended.add("search_ends")
        return 0

    def settle(self, index, answer):
        if answer == SUCCESS:
            self.statuses[index] = "h"
            self.current = index
            return
        self.current = (index + 1) % ENDPOINTS
        self.statuses[index] = "d"
        if answer == RATE_LIMITED:
            self.statuses[index] = "r"
            self.cooldown_until_ms[index] = self.now_ms + COOLDOWN_MS

    def call(self, answers):
        attempts = []
        for number in range(ATTEMPTS_MAX):
            index = self.choose()
            answer = next(answers)
            attempts.append([self.now_ms, index])
            self.settle(index, answer)
            if answer == SUCCESS:
                break
            if number == ATTEMPTS_MAX - 1:
                if answer == RATE_LIMITED and self.delay_on_any_failure:
                    self.mended.add("last_429_once")
            elif answer == RATE_LIMITED or self.delay_on_any_failure:
                self.now_ms += BASE_DELAY_MS * 2**number
        result = "ok" if answer == SUCCESS else "failed"
        statuses = "".join(self.status(index) for index in range(ENDPOINTS))
        return [result, self.now_ms, statuses, attempts]


def derive(language, gap_ms, script):
    pool = Pool(delay_on_any_failure=language == "typescript")
    answers = itertools.chain(script, itertools.repeat(SUCCESS))
    calls = []
    used = 0
    while used < len(script):
        calls.append(pool.call(answers))
        used += len(calls[-1][3])
        pool.now_ms += gap_ms
    return [language, gap_ms, script, calls, sorted(pool.mended)]


def derive_all():
    for language in ("python", "typescript"):
        for gap_ms in GAPS_MS:
            for length in range(1, SCRIPT_LENGTH_MAX + 1):
                for script in itertools.product("452", repeat=length):
                    yield derive(language, gap_ms, "".join(script))


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "document.json")
    with open(path, encoding="utf-8") as file:
        recorded = {tuple(run[:3]): run for run in json.load(file)["runs"]}
    derived = list(derive_all())
    for run in derived:
        if recorded.pop(tuple(run[:3]), None) != run:
            sys.exit(f"document.json differs from the model: {run[:3]}; the model says {run[3:]}")
    if recorded:
        sys.exit(f"document.json has runs that the model does not: {list(recorded)[:3]}")
    print(f"{len(derived)} runs of document.json agree with the model")


if __name__ == "__main__":
    main()
