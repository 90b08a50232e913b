#!/usr/bin/env python3
"""Draws the pictures of the monitor page for the READMEs: five minutes of a pool's life, played in
seconds by moving the engine's clock, then photographed by a headless browser.

    python3 tests/monitor/picture.py [FOLDER]   (default: packaging/pictures)

A machine without a Korean font (`apt-get install fonts-nanum`) draws boxes for Korean.
"""

import random
import sys
from pathlib import Path

import browser
import library

SLOTS = 60
SLOT_MS = 5000
MODELS = ("gpt-4.1", "gpt-4.1", "gpt-4.1", "claude-sonnet-4.5", "deepseek-v3.2")
LIMITS = {"rpm": 300, "tpm": 30_000}
PRICES = {
    **library.PRICES,
    "deepseek-v3.2": {"input": "0.42", "output": "0.42"},
}


def reply(low, high, **more):
    return {"latency_ms": {"min": low, "max": high}, "first_token_ms": {"min": 2, "max": 9},
            "tokens": 60, **more}


def play(mock, client):
    draw = random.Random(7)
    limited = {"default": {"error": "rate_limit_rpm", "retry_after_ms": 9000}}
    for slot in range(SLOTS):
        if slot == 22:
            mock.set("primary", limited)
        if slot == 38:
            mock.set("primary", {"default": reply(6, 28), "limits": LIMITS})
        if slot == 27:
            mock.set("backup-1", {"default": reply(9, 40), "limits": LIMITS, "fail_rate": 0.6,
                                  "fail": {"error": "overloaded"}})
        if slot == 33:
            mock.set("backup-1", {"default": reply(9, 40), "limits": LIMITS})
        if slot == SLOTS - 2:
            limited["default"]["retry_after_ms"] = 48000
            mock.set("primary", limited)
        for _ in range(draw.randint(4, 11)):
            model = draw.choice(MODELS)
            client.call(model=model, tag=draw.choice(("chat", "chat", "nightly")),
                        stream=draw.random() < 0.5)
        if slot < SLOTS - 1:
            client.advance(SLOT_MS)


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else library.ROOT / "packaging" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    mock = library.Mock([
        {"name": "primary", "default": reply(6, 28), "limits": LIMITS},
        {"name": "backup-1", "default": reply(9, 40), "limits": LIMITS},
        {"name": "backup-2", "default": reply(14, 55)},
    ])
    client = library.Client(mock, policy="smart", routing="sequential", prices=PRICES,
                            monitor={"listen": ":0"}, budget={"usd_per_day": "1"})
    client.status()
    play(mock, client)
    url = f"http://{client.address()}/"
    with browser.Browser() as window:
        for name, language, dark in (("monitor", "en", False), ("monitor-dark", "en", True),
                                     ("monitor-ko", "ko", False)):
            window.dark(dark)
            window.open(f"{url}?lang={language}", "document.querySelector('.endpoint')",
                        width=1240, height=1150)
            window.evaluate("[...document.querySelectorAll('details')].find((each) => "
                            "each.textContent.includes('→')).querySelector('summary').click()")
            (folder / f"{name}.png").write_bytes(window.picture())
    client.close()
    mock.close()


if __name__ == "__main__":
    main()
