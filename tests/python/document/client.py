"""The tutorial's lines for its client, as they stand there."""
messages = [{"role": "user", "content": "test"}]
# 해결 2: HolySheep SDK의 자동 페일오버 사용
from holy_sheep_client import HolySheepClient
client = HolySheepClient(api_key="YOUR_HOLYSHEEP_API_KEY")
# SDK가 자동으로 백업 엔드포인트로 전환
response = client.chat.completions.create(model="gpt-4.1", messages=messages)
print(response.choices[0].message.content)
