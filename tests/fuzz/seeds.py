"""Turns the vectors into seeds: a corpus of real answers finds more than random bytes do.

    seeds.py VECTORS OUTPUT
"""

import json
import pathlib
import sys


def header_block(fields):
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items())


def body_text(body):
    if body is None:
        return ""
    return body if isinstance(body, str) else json.dumps(body)


def write(folder, seeds):
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (folder / f"{number:04}").write_bytes(seed)


# In the order of the targets' own tables of paths.
PATHS = ["/chat/completions", "/completions", "/responses", "/messages", "/embeddings"]


def path_byte(path):
    path = path.removeprefix("/v1")
    return PATHS.index(path) if path in PATHS else len(PATHS)


def write_streams(vectors, output):
    framings = json.loads((vectors / "sse.json").read_text())["vectors"]
    write(
        output / "sse",
        [
            bytes([min(f.get("event_bytes_max", 255), 255), 3]) + f["text"].encode()
            for f in framings
        ],
    )
    streams = json.loads((vectors / "streams.json").read_text())["vectors"]
    write(
        output / "stream_reader",
        [
            bytes([path_byte(s["path"]), 7, s.get("choices", 1)]) + "".join(s["stream"]).encode()
            for s in streams
        ],
    )
    bodies = json.loads((vectors / "bodies.json").read_text())["vectors"]
    write(
        output / "body_check",
        [bytes([path_byte(b["path"]), 1, 7]) + b["body"].encode() for b in bodies],
    )
    write(output / "json_skim", [bytes([7]) + b["body"].encode() for b in bodies])


def main():
    vectors, output = map(pathlib.Path, sys.argv[1:3])
    answers = json.loads((vectors / "classify.json").read_text())["vectors"]
    write(
        output / "classify",
        [
            bytes([a["status"] // 256, a["status"] % 256, 0x40 | bool(a.get("in_band"))])
            + (header_block(a["headers"]) + "\n\n" + body_text(a["body"])).encode()
            for a in answers
        ],
    )
    waits = json.loads((vectors / "retry_after.json").read_text())
    texts = [item["text"] for item in waits["texts"]]
    blocks = [header_block(item["headers"]) for item in waits["headers"]]
    values = [value for item in waits["headers"] for value in item["headers"].values()]
    write(output / "retry_after", [text.encode() for text in texts + blocks])
    write(output / "duration", [text.encode() for text in texts + values])
    write_streams(vectors, output)


main()
