"""The shared library through ctypes: a mock pool and a client with a monitor, in this process."""

import ctypes
import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HOLYSHEEP_BUILD", ROOT / "build" / "release"))
_native = ctypes.CDLL(str(BUILD / "lib" / "libholysheep.so.1"))
_native.holysheep_text_data.restype = ctypes.c_char_p
_native.holysheep_text_data.argtypes = [ctypes.c_void_p]
_native.holysheep_text_free.argtypes = [ctypes.c_void_p]
_native.holysheep_monitor_free.argtypes = [ctypes.c_void_p]
_native.holysheep_client_free.argtypes = [ctypes.c_void_p]
_native.holysheep_mock_free.argtypes = [ctypes.c_void_p]
_native.holysheep_batch_free.argtypes = [ctypes.c_void_p]

NUL = ctypes.c_size_t(2**64 - 1)


class Error(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("status", ctypes.c_int32),
        ("http_status", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("retry_after_ms", ctypes.c_int64),
        ("message", ctypes.c_char * 1000),
    ]


class Request(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("stream", ctypes.c_int32),
        ("method", ctypes.c_char_p),
        ("method_size", ctypes.c_size_t),
        ("path", ctypes.c_char_p),
        ("path_size", ctypes.c_size_t),
        ("headers", ctypes.c_char_p),
        ("headers_size", ctypes.c_size_t),
        ("body", ctypes.c_char_p),
        ("body_size", ctypes.c_size_t),
        ("content_type", ctypes.c_char_p),
        ("content_type_size", ctypes.c_size_t),
        ("timeout_ms", ctypes.c_int64),
        ("user_data", ctypes.c_uint64),
        ("options", ctypes.c_char_p),
        ("options_size", ctypes.c_size_t),
    ]


def new_error():
    return Error(struct_size=ctypes.sizeof(Error), retry_after_ms=-1)


def check(status, error):
    if status != 0:
        raise AssertionError(f"{status}: {error.message.decode()}")


def text_of(function, *arguments):
    text = ctypes.c_void_p()
    check(function(*arguments, ctypes.byref(text)), new_error())
    try:
        return _native.holysheep_text_data(text).decode()
    finally:
        _native.holysheep_text_free(text)


class Mock:
    """Fake endpoints, as in MOCK.md."""

    def __init__(self, endpoints):
        self.handle = ctypes.c_void_p()
        script = json.dumps({"version": 1, "endpoints": endpoints}).encode()
        error = new_error()
        check(_native.holysheep_mock_open(script, NUL, ctypes.byref(self.handle),
                                          ctypes.byref(error)), error)

    def config(self):
        return json.loads(text_of(_native.holysheep_mock_config, self.handle))

    def set(self, endpoint, script):
        error = new_error()
        check(_native.holysheep_mock_set(self.handle, endpoint.encode(), NUL,
                                         json.dumps(script).encode(), NUL, ctypes.byref(error)),
              error)

    def close(self):
        _native.holysheep_mock_free(self.handle)


class Client:
    """A client that is pointed at a mock, and its monitor."""

    def __init__(self, mock, **settings):
        self.handle = ctypes.c_void_p()
        config = json.dumps({**mock.config(), "isolated": True, **settings}).encode()
        error = new_error()
        check(_native.holysheep_client_open(config, NUL, ctypes.byref(self.handle),
                                            ctypes.byref(error)), error)
        self.monitor = ctypes.c_void_p()
        check(_native.holysheep_client_monitor(self.handle, ctypes.byref(self.monitor)), error)

    def call(self, model="gpt-4.1", tag=None, stream=False):
        body = {"model": model, "messages": [{"role": "user", "content": "a secret prompt"}]}
        if stream:
            body["stream"] = True
        options = {"include_usage": True} if stream else {}
        if tag:
            options["tag"] = tag
        request = Request(struct_size=ctypes.sizeof(Request), stream=int(stream),
                          body=json.dumps(body).encode(), body_size=NUL,
                          options=json.dumps(options).encode(), options_size=NUL)
        batch = ctypes.c_void_p()
        error = new_error()
        status = _native.holysheep_call(self.handle, ctypes.byref(request), ctypes.byref(batch),
                                        ctypes.byref(error))
        _native.holysheep_batch_free(batch)
        self.message = error.message.decode()
        return status

    def status(self):
        return json.loads(text_of(_native.holysheep_monitor_status, self.monitor))

    def metrics(self, openmetrics=False):
        return text_of(_native.holysheep_monitor_metrics, self.monitor, int(openmetrics))

    def alerts(self):
        return json.loads(text_of(_native.holysheep_monitor_alerts, self.monitor))

    def address(self):
        return self.status()["listen"]

    def advance(self, ms):
        check(_native.holysheep_mock_clock_advance(self.handle, ctypes.c_int64(ms)), new_error())

    def set_key(self, key):
        error = new_error()
        check(_native.holysheep_client_set_key(self.handle, None, ctypes.c_size_t(0), key.encode(),
                                               NUL, ctypes.byref(error)), error)

    def drain(self):
        return _native.holysheep_client_drain(self.handle, ctypes.c_int64(1000))

    def close(self):
        if self.handle is None:
            return
        _native.holysheep_monitor_free(self.monitor)
        _native.holysheep_client_close(self.handle)
        _native.holysheep_client_join(self.handle, ctypes.c_int64(10_000))
        _native.holysheep_client_free(self.handle)
        self.handle = None


def park():
    """Every engine of this process stands still until resume()."""
    check(_native.holysheep_fork_prepare(), new_error())


def resume():
    _native.holysheep_fork_parent()


def check_service(url, timeout_ms=0):
    text = ctypes.c_void_p()
    error = new_error()
    check(_native.holysheep_check_service(url.encode(), NUL, ctypes.c_int64(timeout_ms),
                                          ctypes.byref(text), ctypes.byref(error)), error)
    try:
        return json.loads(_native.holysheep_text_data(text).decode())
    finally:
        _native.holysheep_text_free(text)


def metrics_markdown():
    return text_of(_native.holysheep_config_describe, b"metrics")


PRICES = {
    "gpt-4.1": {"input": "8", "output": "8"},
    "claude-sonnet-4.5": {"input": "15", "output": "15"},
}
