"""The main job from Python: a provider says 429, and the call goes on elsewhere.

Uses a mock pool, so it needs neither a key nor a network. With your own key, leave the pool away:
`HolySheepClient()`.
"""

from holysheep import MockPool


def main() -> None:
    script = [
        {"name": "primary", "replies": [{"status": 429, "headers": {"Retry-After": "30"}}]},
        {"name": "backup-1"},
    ]
    with MockPool(script) as pool, pool.client() as client:
        for question in ("Say hello", "And again"):
            answer = client.chat.completions.create(
                model="gpt-4.1", messages=[{"role": "user", "content": question}]
            )
            print(f"{question}: {answer.choices[0].message.content}")
            for attempt in answer.holysheep.trace:
                print(f"  {attempt.endpoint}: {attempt.status} {attempt.verdict}")
        print(*client.pool, sep="\n")


if __name__ == "__main__":
    main()
