"""The tutorial's two retry recipes, as they stand there; the last line of the second is cut off in
the tutorial and ended here."""
# 해결 1: 지수 백오프 재시도 로직 구현
import time
import openai
def request_with_retry(client, model, messages, max_retries=3):
    for attempt in range(max_retries):
        try:
            response = client.chat.completions.create(
                model=model,
                messages=messages
            )
            return response
        except openai.RateLimitError as e:
            if attempt == max_retries - 1:
                raise e
            wait_time = 2 ** attempt  # 지수 백오프: 1s, 2s, 4s
            print(f"Rate Limit 감지, {wait_time}초 후 재시도...")
            time.sleep(wait_time)
def resilient_request(client, model, messages):
    """서비스 장애 시 자동 재시도"""
    max_attempts = 5
    base_delay = 2
    for attempt in range(max_attempts):
        try:
            response = client.chat.completions.create(
                model=model,
                messages=messages
            )
            return response
        except Exception as e:
            if "503" in str(e):
                if attempt < max_attempts - 1:
                    delay = base_delay * (2 ** attempt)
                    print(f"503 오류, {delay}초 후 재시도 ({attempt + 1}/{max_attempts})")
                    time.sleep(delay)
                else:
                    raise Exception(f"최대 재시도 횟수 초과: {e}")
            else:
                raise e
