"""The tutorial's connection test, with our client in place of `openai.OpenAI`."""
# 해결: 올바른 엔드포인트와 API 키 확인
import os
from holysheep import HolySheepClient
BASE_URL = os.environ["TEST_BASE_URL"]
# 환경 변수에서 API 키 로드 (권장)
api_key = os.environ.get("HOLYSHEEP_API_KEY")
if not api_key:
    # HolySheep 대시보드에서 API 키 확인
    # https://www.holysheep.ai/dashboard
    raise ValueError("HOLYSHEEP_API_KEY 환경 변수가 설정되지 않았습니다.")
client = HolySheepClient(
    api_key=api_key,
    base_url=BASE_URL  # HolySheep API 엔드포인트
)
# 연결 테스트
try:
    response = client.chat.completions.create(
        model="gpt-4.1",
        messages=[{"role": "user", "content": "test"}],
        max_tokens=10
    )
    print("API 연결 성공!")
except Exception as e:
    print(f"연결 실패: {e}")
