// What the two stream programs share: arguments, memory and CPU of this process, what they print.
#pragma once

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace streams {

// So many connections are on their way at a time: more would overflow the listener's backlog.
constexpr long kOpeningMax = 128;

struct Arguments {
  std::string url;  // of chat completions
  long streams = 0;
};

inline Arguments read_arguments(int count, char** values) {
  if (count != 3) {
    std::fprintf(stderr, "usage: %s URL STREAMS\n", values[0]);
    std::exit(2);
  }
  return {values[1], std::atol(values[2])};
}

inline std::string request_body() {
  return R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})";
}

inline double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

inline long resident_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmRSS:") continue;
    long kib = 0;
    status >> kib;
    return kib;
  }
  return 0;
}

// Memory counts from before the first stream to when all are open; CPU and chunks from there on.
class Meter {
 public:
  explicit Meter(long wanted) : wanted_(wanted), resident_before_(resident_kib()) {}

  void opened() {
    if (++open_ != wanted_) return;
    resident_open_ = resident_kib();
    cpu_before_ = cpu_us();
    chunks_before_ = chunks_;
    together_ = ended_ == 0;
  }
  void chunk() { ++chunks_; }
  void ended(bool well) {
    ++ended_;
    lost_ += !well;
  }
  bool done() const { return ended_ == wanted_; }
  long opening(long started) const { return started - open_; }

  // The exit status: 0 if all streams were open at one time and none was lost.
  int print(const char* name) const {
    const long chunks = chunks_ - chunks_before_;
    const double kib = static_cast<double>(resident_open_ - resident_before_);
    std::printf("{\"program\":\"%s\",\"streams\":%ld,\"lost\":%ld,\"together\":%s,", name, wanted_,
                lost_, together_ ? "true" : "false");
    std::printf("\"kib_per_stream\":%.2f,\"chunks\":%ld,\"cpu_us_per_chunk\":%.3f}\n",
                kib / static_cast<double>(wanted_), chunks,
                (cpu_us() - cpu_before_) / static_cast<double>(chunks > 0 ? chunks : 1));
    std::fflush(stdout);
    return lost_ == 0 && together_ ? 0 : 1;
  }

 private:
  long wanted_;
  long resident_before_;
  long resident_open_ = 0;
  long open_ = 0;
  long ended_ = 0;
  long lost_ = 0;
  long chunks_ = 0;
  long chunks_before_ = 0;
  double cpu_before_ = 0;
  bool together_ = false;
};

}  // namespace streams
