// Attempts of one transport: those inside libcurl and those that wait for a connection. Everything
// on the loop's thread, but wake().
#include "core/curl_transport.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/connection_queue.h"
#include "core/connection_table.h"
#include "core/curl_handle.h"
#include "core/idle_watch.h"
#include "core/library.h"
#include "core/loop.h"

namespace holysheep {
namespace {

// Idle handles kept per endpoint; making one costs some 40 options, keeping one some 10 KB.
constexpr std::size_t kIdleHandlesMax = 128;
// New requests of one poll; the rest of a burst stays in our queue, where it can be cancelled, and
// where others' time limits and answers do not wait for it: a thousand new connections take libcurl
// a tenth of a second.
constexpr int kEntriesPerPollMax = 256;
// The end of an attempt that there was no memory to report is reported after this at the latest.
constexpr Nanos kMemoryRetry = 10 * kMillisecond;
// What HTTP/2 hosts may open beyond the client's limit until their servers' limits are known.
constexpr long kSpareConnections = 8;

class CurlTransport final : public Transport {
 public:
  CurlTransport(const CurlTransportOptions& options, const std::atomic<Nanos>* clock_offset,
                CURLM* multi, CURLSH* share, std::unique_ptr<Loop> loop)
      : clock_offset_(clock_offset),
        multi_(multi),
        loop_(std::move(loop)),
        connections_(*loop_),
        queue_(options.connections_max),
        idle_(options.idle_max) {
    context_.options = options;
    context_.share = share;
    context_.connections = &connections_;
    context_.queue = &queue_;
    set_limits();
  }

  ~CurlTransport() override {
    for (auto& [attempt, place] : places_) {
      if (place.handle != nullptr) curl_multi_remove_handle(multi_, place.handle->easy());
    }
    queue_.drop_handles();
    places_.clear();
    curl_multi_cleanup(multi_);
    curl_share_cleanup(context_.share);
  }

  void start(AttemptId attempt, HttpRequest request) override {
    idle_.attempt_begins();
    Lane& lane = queue_.lane_of(*request.endpoint);
    if (lost_.capacity() <= places_.size()) lost_.reserve(2 * places_.size() + 16);
    Place& place = places_[attempt];
    place.lane = &lane;
    const Nanos now = mono();
    if (queue_.waiting() == 0 && entries_left_ > 0 && queue_.may_enter(lane, now)) {
      place.entered = true;
      enter(attempt, place, std::move(request), now);
      return;
    }
    try {
      place.waiting = queue_.wait(lane, attempt, std::move(request));
    } catch (const std::bad_alloc&) {
      place.entered = true;
      return lose(attempt);
    }
    admit(now);
  }

  bool has_room(const EndpointConfig& endpoint) override {
    return queue_.has_room(queue_.lane_of(endpoint));
  }

  void cancel(AttemptId attempt, bool kill_connection) override {
    const auto found = places_.find(attempt);
    if (found == places_.end()) return;
    Place place = std::move(found->second);
    places_.erase(found);
    if (place.handle == nullptr) {
      if (place.entered) {
        std::erase(lost_, attempt);
      } else {
        queue_.forget(*place.lane, place.waiting);
      }
      return;
    }
    if (kill_connection) place.handle->kill_connection(mono());
    curl_multi_remove_handle(multi_, place.handle->easy());
    std::erase_if(context_.events,
                  [attempt](const TransportEvent& event) { return event.attempt == attempt; });
    recycle(std::move(place.handle), true, mono());
  }

  void pause(AttemptId attempt) override { set_paused(attempt, true); }
  void resume(AttemptId attempt) override { set_paused(attempt, false); }

  void poll(Nanos until, std::vector<TransportEvent>& events) override {
    const Nanos before = mono();
    Nanos timeout = 0;
    entries_left_ = kEntriesPerPollMax;
    // Not where an attempt ends: its outcome may be a reason not to send the next one.
    if (queue_.waiting() > 0) admit(before);
    const bool burst = entries_left_ == 0 && queue_.waiting() > 0;
    if (context_.events.empty() && context_.held.empty() && !burst) {
      const Nanos offset =
          clock_offset_ == nullptr ? 0 : clock_offset_->load(std::memory_order_relaxed);
      if (until != kNever) until -= offset;
      const Nanos due = std::min({until, queue_.next_chance(before), idle_.due()});
      timeout = std::max<Nanos>(0, due - before);
      if (!lost_.empty()) timeout = std::min(timeout, kMemoryRetry);
    }
    ++context_.turn;
    release_held();
    loop_->run_once(timeout);
    collect_ended();
    if (!lost_.empty()) report_lost();
    if (places_.empty() && idle_.turn_ended(connections_.open_now(), mono())) close_connections();
    if (events.empty()) {
      events.swap(context_.events);
    } else {
      std::move(context_.events.begin(), context_.events.end(), std::back_inserter(events));
      context_.events.clear();
    }
  }

  void wake() override { loop_->wake(); }

  CurlTransportCounters counters() const {
    CurlTransportCounters counters = context_.counters;
    counters.connections_opened = connections_.opened();
    counters.connections_open = connections_.open_now();
    counters.queued = queue_.waiting();
    return counters;
  }

 private:
  // Where an attempt is: inside libcurl with a handle, or waiting in a lane.
  struct Place {
    std::unique_ptr<CurlHandle> handle;
    Lane* lane = nullptr;
    std::list<Lane::Waiting>::iterator waiting;
    bool entered = false;  // is inside libcurl, or in lost_
    bool paused = false;
  };

  static Nanos mono() { return read_clocks().mono; }

  void set_limits() {
    const auto connections_max = static_cast<long>(context_.options.connections_max);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections_max);
    // Idle connections give way to new ones. Our queue counts those in use; at the limit itself
    // libcurl would keep an attempt in a line of its own where its HTTP/2 server allows fewer
    // streams than we believe, instead of opening the connection from which we learn that.
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_max + kSpareConnections);
    curl_multi_setopt(multi_, CURLMOPT_MAX_CONCURRENT_STREAMS,
                      static_cast<long>(kStreamsPerConnection));
  }

  // libcurl closes idle connections with their multi handle only. TLS sessions stay in the share.
  void close_connections() {
    CURLM* fresh = curl_multi_init();
    if (fresh == nullptr) return;  // no memory: idle_max later again
    queue_.drop_handles();
    CURLM* before = multi_;
    loop_->attach(fresh);
    multi_ = fresh;
    set_limits();
    curl_multi_cleanup(before);
  }

  void admit(Nanos now) {
    Lane::Waiting taken;
    while (entries_left_ > 0) {
      Lane* lane = queue_.next(now, &taken);
      if (lane == nullptr) return;
      const auto found = places_.find(taken.attempt);
      found->second.lane = lane;
      found->second.entered = true;
      enter(taken.attempt, found->second, std::move(taken.request), now);
    }
  }

  // Without memory the attempt is lost, which is an end like any other.
  void enter(AttemptId attempt, Place& place, HttpRequest request, Nanos now) {
    --entries_left_;
    Lane& lane = *place.lane;
    std::unique_ptr<CurlHandle> handle;
    try {
      TransportEvent& event = context_.events.emplace_back();
      event.kind = TransportEvent::Kind::started;
      event.attempt = attempt;
      if (!lane.idle_handles.empty()) {
        handle = std::move(lane.idle_handles.back());
        lane.idle_handles.pop_back();
      } else {
        handle = CurlHandle::make(context_, lane);
      }
      if (handle == nullptr || !handle->begin(attempt, std::move(request), now)) {
        return lose(attempt);
      }
    } catch (const std::bad_alloc&) {
      return lose(attempt);
    }
    if (curl_multi_add_handle(multi_, handle->easy()) != CURLM_OK) {
      recycle(std::move(handle), false, now);
      return lose(attempt);
    }
    if (place.paused) handle->pause(true);
    place.handle = std::move(handle);
  }

  // There is room for every attempt in lost_.
  void lose(AttemptId attempt) { lost_.push_back(attempt); }

  void report_lost() {
    try {
      while (!lost_.empty()) {
        TransportEvent event;
        event.attempt = lost_.back();
        event.error = TransportError::local_memory;
        event.bytes = "this process has no memory left for a request";
        context_.events.push_back(std::move(event));
        places_.erase(lost_.back());
        lost_.pop_back();
      }
    } catch (const std::bad_alloc&) {
      return;  // the next poll tries again
    }
  }

  void collect_ended() {
    int left = 0;
    Nanos now = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      const CURLcode code = message->data.result;
      if (now == 0) now = mono();
      finish(CurlHandle::of(easy), code, now);
    }
  }

  void finish(CurlHandle* ended, CURLcode code, Nanos now) {
    const auto found = places_.find(ended->attempt());
    std::unique_ptr<CurlHandle> handle = std::move(found->second.handle);
    try {
      handle->report(code);
      places_.erase(found);
    } catch (const std::bad_alloc&) {
      lose(ended->attempt());
    }
    curl_multi_remove_handle(multi_, handle->easy());
    recycle(std::move(handle), false, now);
  }

  void recycle(std::unique_ptr<CurlHandle> handle, bool abandoned, Nanos now) {
    handle->end(abandoned, now);
    Lane& lane = handle->lane();
    if (lane.idle_handles.size() >= kIdleHandlesMax) return;
    try {
      lane.idle_handles.push_back(std::move(handle));
    } catch (const std::bad_alloc&) {
      return;  // then it is not kept
    }
  }

  // Those that had their share of the last poll go on.
  void release_held() {
    if (context_.held.empty()) return;
    std::vector<AttemptId> held;
    held.swap(context_.held);
    for (const AttemptId attempt : held) {
      const auto found = places_.find(attempt);
      if (found == places_.end() || found->second.paused) continue;
      CurlHandle* handle = found->second.handle.get();
      const CURLcode code = handle->pause(false);
      if (code != CURLE_OK) finish(handle, code, mono());
    }
  }

  void set_paused(AttemptId attempt, bool paused) {
    const auto found = places_.find(attempt);
    if (found == places_.end() || found->second.paused == paused) return;
    found->second.paused = paused;
    CurlHandle* handle = found->second.handle.get();
    if (handle == nullptr) return;
    const CURLcode code = handle->pause(paused);
    if (code != CURLE_OK) finish(handle, code, mono());
  }

  const std::atomic<Nanos>* const clock_offset_;
  CURLM* multi_;
  std::unique_ptr<Loop> loop_;
  ConnectionTable connections_;
  ConnectionQueue queue_;
  CurlContext context_;
  int entries_left_ = kEntriesPerPollMax;  // until the next poll
  IdleWatch idle_;
  std::unordered_map<AttemptId, Place> places_;
  std::vector<AttemptId> lost_;  // their `done` is still to be reported, for lack of memory
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(const CurlTransportOptions& options,
                                               const std::atomic<Nanos>* clock_offset,
                                               std::string* error) {
  if (!initialise_libraries()) {
    *error = "libcurl cannot be initialised";
    return nullptr;
  }
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi(curl_multi_init(),
                                                              &curl_multi_cleanup);
  std::unique_ptr<CURLSH, decltype(&curl_share_cleanup)> share(curl_share_init(),
                                                               &curl_share_cleanup);
  if (multi == nullptr || share == nullptr) {
    *error = "libcurl cannot be started: no memory or no file descriptor left";
    return nullptr;
  }
  curl_share_setopt(share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  std::unique_ptr<Loop> loop = Loop::make(multi.get(), error);
  if (loop == nullptr) return nullptr;
  auto transport = std::make_unique<CurlTransport>(options, clock_offset, multi.get(), share.get(),
                                                   std::move(loop));
  // Its own now.
  static_cast<void>(multi.release());
  static_cast<void>(share.release());
  return transport;
}

CurlTransportCounters counters_of(const Transport& transport) {
  return static_cast<const CurlTransport&>(transport).counters();
}

}  // namespace holysheep
