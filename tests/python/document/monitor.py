"""The tutorial's `__main__` of its monitor, as it stands there; the class is imported."""
import json

from holysheep import RateLimitMonitor

if __name__ == "__main__":
    monitor = RateLimitMonitor()
    # 시뮬레이션: 여러 엔드포인트에 대한 요청 기록
    for i in range(100):
        monitor.record_request(
            endpoint='primary',
            success=True,
            status_code=200,
            latency_ms=150.5,
            retry_count=0
        )
    # 429 발생 시뮬레이션
    for i in range(8):
        monitor.record_request(
            endpoint='backup-1',
            success=False,
            status_code=429,
            latency_ms=50.2,
            retry_count=2
        )
    print("=== 메트릭 요약 ===")
    print(json.dumps(monitor.get_metrics_summary(), indent=2))
    print("\n=== Prometheus 메트릭 ===")
    print(monitor.export_prometheus_metrics())
    print("\n=== 상태 리포트 ===")
    print(json.dumps(monitor.get_health_report(), indent=2))
    print("\n=== 활성 알림 ===")
    print(json.dumps(monitor.alerts, indent=2))
