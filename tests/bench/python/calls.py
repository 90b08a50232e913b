"""One client in one process, as its users write it: calls, and what a call cost in CPU time.

    calls.py CLIENT MODE COUNT JSON_URL STREAM_URL

MODE: sync, threads-N, tasks-N, stream (per chunk), memory (MiB beyond the bare interpreter).
Prints one number after `figure:`: microseconds of CPU per call, of all threads of the process; or
MiB.
"""

import os
import resource
import sys

MODEL = "gpt-4.1"
MESSAGES = [{"role": "user", "content": "Say hello to everybody in the room, please."}]
WARM_UP = 20


def cpu_us():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e6


def resident_kib():
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Rss:"))


class Holysheep:
    def __init__(self, url, is_async):
        import holysheep

        kind = holysheep.AsyncHolySheepClient if is_async else holysheep.HolySheepClient
        self.client = kind("k", base_url=url)

    def call(self):
        answer = self.client.chat.completions.create(model=MODEL, messages=MESSAGES)
        return answer.choices[0].message.content

    async def acall(self):
        answer = await self.client.chat.completions.create(model=MODEL, messages=MESSAGES)
        return answer.choices[0].message.content

    def stream(self):
        chunks = 0
        stream = self.client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        for chunk in stream:
            chunks += chunk.choices[0].delta.content is not None
        return chunks


class Openai(Holysheep):
    def __init__(self, url, is_async):
        import openai

        self.client = (openai.AsyncOpenAI if is_async else openai.OpenAI)(api_key="k", base_url=url)


class Litellm:
    def __init__(self, url, is_async):
        import litellm

        parameters = {"model": "openai/" + MODEL, "api_key": "k", "api_base": url}
        self.router = litellm.Router([{"model_name": MODEL, "litellm_params": parameters}])

    def call(self):
        answer = self.router.completion(model=MODEL, messages=MESSAGES)
        return answer.choices[0].message.content

    async def acall(self):
        answer = await self.router.acompletion(model=MODEL, messages=MESSAGES)
        return answer.choices[0].message.content


class Tensorzero:
    CONFIG = """
        [gateway]
        observability.enabled = false
        [models.m]
        routing = ["p"]
        [models.m.providers.p]
        type = "openai"
        model_name = "gpt-4.1"
        api_base = "{}/"
        api_key_location = "none"
    """

    def __init__(self, url, is_async):
        import tempfile

        import tensorzero

        with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False) as file:
            file.write(self.CONFIG.format(url))
        kind = tensorzero.AsyncTensorZeroGateway if is_async else tensorzero.TensorZeroGateway
        options = {"async_setup": False} if is_async else {}
        self.gateway = kind.build_embedded(config_file=file.name, **options)
        os.unlink(file.name)

    def call(self):
        answer = self.gateway.inference(model_name="m", input={"messages": MESSAGES})
        return answer.content[0].text

    async def acall(self):
        answer = await self.gateway.inference(model_name="m", input={"messages": MESSAGES})
        return answer.content[0].text


class Aiohttp:
    def __init__(self, url, is_async):
        self.url = url + "/chat/completions"
        self.session = None

    async def acall(self):
        import aiohttp

        if self.session is None:
            self.session = aiohttp.ClientSession()
        body = {"model": MODEL, "messages": MESSAGES}
        async with self.session.post(self.url, json=body) as answer:
            return (await answer.json())["choices"][0]["message"]["content"]


CLIENTS = {
    "holysheep": Holysheep,
    "openai": Openai,
    "litellm": Litellm,
    "tensorzero": Tensorzero,
    "aiohttp": Aiohttp,
}


def in_threads(client, threads, count):
    import threading

    def work():
        for _ in range(count // threads):
            client.call()

    crew = [threading.Thread(target=work) for _ in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


async def in_tasks(client, tasks, count):
    import asyncio

    for _ in range(WARM_UP):
        await client.acall()

    async def work():
        for _ in range(count // tasks):
            await client.acall()

    before = cpu_us()
    await asyncio.gather(*(work() for _ in range(tasks)))
    spent = cpu_us() - before
    if getattr(client, "session", None) is not None:
        await client.session.close()
    return spent / count


def memory(kind, url, is_async):
    before = resident_kib()
    client = kind(url, is_async)
    if is_async:
        import asyncio

        asyncio.run(client.acall())
    else:
        client.call()
    return (resident_kib() - before) / 1024


def tell(figure):
    """Peers print too, some of them while they end."""
    print("figure:", figure, flush=True)


def main():
    name, mode, count, url, stream_url = sys.argv[1:]
    kind, count = CLIENTS[name], int(count)
    how, _, many = mode.partition("-")
    if how == "memory":
        tell(memory(kind, url, many == "async"))
        return
    if how == "tasks":
        import asyncio

        tell(asyncio.run(in_tasks(kind(url, True), int(many), count)))
        return
    client = kind(stream_url if how == "stream" else url, False)
    for _ in range(2 if how == "stream" else WARM_UP):
        client.stream() if how == "stream" else client.call()
    before = cpu_us()
    units = count
    if how == "stream":
        units = sum(client.stream() for _ in range(count))
    elif how == "threads":
        in_threads(client, int(many), count)
    else:
        for _ in range(count):
            client.call()
    tell((cpu_us() - before) / units)


if __name__ == "__main__":
    main()
