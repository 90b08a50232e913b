"""The tutorial's `__main__` of its failover client, as it stands there; the class is imported."""
from holysheep import HolySheepFailoverClient

if __name__ == "__main__":
    # HolySheep API 키 설정
    client = HolySheepFailoverClient(api_key="YOUR_HOLYSHEEP_API_KEY")
    try:
        response = client.chat_completion_with_failover(
            model="gpt-4.1",
            messages=[
                {"role": "system", "content": "당신은 도움이 되는 AI 어시스턴트입니다."},
                {"role": "user", "content": "HolySheep AI의 자동 백업 전환 시스템에 대해 설명해줘"}
            ],
            temperature=0.7,
            max_tokens=500
        )
        print(f"응답 성공: {response['choices'][0]['message']['content'][:100]}...")
    except Exception as e:
        print(f"모든 시도 실패: {e}")
