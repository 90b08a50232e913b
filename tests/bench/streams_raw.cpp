// The peer of streams_engine.cpp: the same streams with libcurl's multi interface and epoll alone.
// Its chunks are the server-sent events' blank lines, which is the least that a reader looks for.
#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/streams.h"

namespace {

struct Stream {
  streams::Meter* meter = nullptr;
  bool open = false;
  char last = 0;
};

int epoll = -1;
long timer_ms = -1;

int socket_wanted(CURL*, curl_socket_t socket, int what, void* multi, void* known) {
  curl_multi_assign(multi, socket, what == CURL_POLL_REMOVE ? nullptr : multi);
  if (what == CURL_POLL_REMOVE) return epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr), 0;
  epoll_event event{};
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  event.data.fd = socket;
  epoll_ctl(epoll, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  return 0;
}

int timer_wanted(CURLM*, long timeout_ms, void*) {
  timer_ms = timeout_ms;
  return 0;
}

std::size_t read_bytes(char* data, std::size_t size, std::size_t count, void* context) {
  Stream& stream = *static_cast<Stream*>(context);
  if (!stream.open) {
    stream.open = true;
    stream.meter->opened();
  }
  for (const char each : std::string_view(data, size * count)) {
    if (each == '\n' && stream.last == '\n') stream.meter->chunk();
    stream.last = each;
  }
  return size * count;
}

void start(CURLM* multi, Stream& stream, const std::string& url, curl_slist* headers,
           const std::string& body) {
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &stream);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &read_bytes);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &stream);
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  curl_multi_add_handle(multi, easy);
}

void wait_and_act(CURLM* multi) {
  epoll_event events[256];
  int running = 0;
  const int count = epoll_wait(epoll, events, 256, static_cast<int>(timer_ms));
  for (int i = 0; i < count; ++i) {
    int flags = 0;
    if ((events[i].events & EPOLLIN) != 0) flags |= CURL_CSELECT_IN;
    if ((events[i].events & EPOLLOUT) != 0) flags |= CURL_CSELECT_OUT;
    if ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0) flags |= CURL_CSELECT_ERR;
    curl_multi_socket_action(multi, events[i].data.fd, flags, &running);
  }
  if (count == 0 || timer_ms == 0) {
    timer_ms = -1;  // it fires once; libcurl says so when it wants another
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

void collect_ended(CURLM* multi, streams::Meter& meter) {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
    CURL* easy = message->easy_handle;
    const bool well = message->data.result == CURLE_OK;
    Stream* stream = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &stream);
    if (!stream->open) meter.opened();
    meter.ended(well && stream->open);
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
  }
}

}  // namespace

int main(int count, char** values) {
  const streams::Arguments arguments = streams::read_arguments(count, values);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  CURLM* multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &socket_wanted);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &timer_wanted);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, arguments.streams);
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  const std::string body = streams::request_body();

  streams::Meter meter(arguments.streams);
  std::vector<Stream> all(static_cast<std::size_t>(arguments.streams));
  long started = 0;
  while (!meter.done()) {
    while (started < arguments.streams && meter.opening(started) < streams::kOpeningMax) {
      Stream& stream = all[static_cast<std::size_t>(started++)];
      stream.meter = &meter;
      start(multi, stream, arguments.url, headers, body);
    }
    wait_and_act(multi);
    collect_ended(multi, meter);
  }
  _exit(meter.print("raw"));
}
