// The peer to compare with: libcurl's multi interface with epoll as its documentation shows,
// handles used again, and nothing set but URL, headers, POSTFIELDS, write callback and NOSIGNAL.
#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/bench/overhead/arguments.h"

namespace {

struct Transfer {
  CURL* easy = nullptr;
  std::string body;
};

int epoll = -1;
long timer_ms = -1;

int socket_wanted(CURL*, curl_socket_t socket, int what, void*, void* known) {
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  event.data.fd = socket;
  epoll_ctl(epoll, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  return 0;
}

// libcurl hands `known` back once it is assigned.
int socket_wanted_and_known(CURL* easy, curl_socket_t socket, int what, void* multi, void* known) {
  socket_wanted(easy, socket, what, nullptr, known);
  curl_multi_assign(multi, socket, what == CURL_POLL_REMOVE ? nullptr : multi);
  return 0;
}

int timer_wanted(CURLM*, long timeout_ms, void*) {
  timer_ms = timeout_ms;
  return 0;
}

std::size_t keep(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

void start(CURLM* multi, Transfer& transfer, const std::string& url, curl_slist* headers,
           const std::string& body) {
  transfer.body.clear();
  curl_easy_setopt(transfer.easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(transfer.easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(transfer.easy, CURLOPT_POSTFIELDS, body.c_str());
  curl_multi_add_handle(multi, transfer.easy);
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

}  // namespace

int main(int count, char** values) {
  const overhead::Arguments arguments = overhead::read_arguments(count, values);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  CURLM* multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &socket_wanted_and_known);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &timer_wanted);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, arguments.in_flight);
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Authorization: Bearer sk-0123456789abcdef0123456789abcdef");
  const std::string body = overhead::request_body();

  std::vector<Transfer> transfers(static_cast<std::size_t>(arguments.in_flight));
  for (Transfer& transfer : transfers) {
    transfer.easy = curl_easy_init();
    curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(transfer.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(transfer.easy, CURLOPT_WRITEFUNCTION, &keep);
    curl_easy_setopt(transfer.easy, CURLOPT_WRITEDATA, &transfer.body);
    start(multi, transfer, arguments.url, headers, body);
  }
  // The first calls open the connections and are not counted.
  long to_start = arguments.calls;
  long to_end = arguments.calls + arguments.in_flight;
  long failed = 0;
  double before = 0;
  while (to_end > 0) {
    wait_and_act(multi);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      CURL* easy = message->easy_handle;
      if (message->data.result != CURLE_OK) ++failed;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
      curl_multi_remove_handle(multi, easy);
      if (--to_end == arguments.calls) before = overhead::cpu_us();
      if (to_start-- > 0) start(multi, *transfer, arguments.url, headers, body);
    }
  }
  overhead::print_result("raw", arguments, overhead::cpu_us() - before, failed);
  _exit(failed == 0 ? 0 : 1);
}
