"""A streamed answer on an event loop, from HolySheep's endpoints: needs HOLYSHEEP_API_KEY.

    python stream.py "Say hello"
"""

import asyncio
import sys

from holysheep import AsyncHolySheepClient, HolySheepError


async def main(question: str) -> int:
    async with AsyncHolySheepClient(timeout=60) as client:
        try:
            stream = await client.chat.completions.create(
                model="gpt-4.1", messages=[{"role": "user", "content": question}], stream=True
            )
            async for text in stream.text_deltas():
                print(text, end="", flush=True)
        except HolySheepError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"\n({stream.holysheep.endpoint}, {stream.holysheep.took:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(" ".join(sys.argv[1:]) or "Say hello")))
