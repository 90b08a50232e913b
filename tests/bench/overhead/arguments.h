// What the three programs of this folder share: their arguments, the request, and what they print.
#pragma once

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace overhead {

struct Arguments {
  std::string url;
  long calls = 0;
  long in_flight = 0;
};

// Exits with a message unless called as: PROGRAM URL CALLS IN_FLIGHT
inline Arguments read_arguments(int count, char** values) {
  if (count != 4) {
    std::fprintf(stderr, "usage: %s URL CALLS IN_FLIGHT\n", values[0]);
    std::exit(2);
  }
  return {values[1], std::atol(values[2]), std::atol(values[3])};
}

// A short chat request, as a client sends it.
inline std::string request_body() {
  return R"({"model":"gpt-4.1-mini","messages":[{"role":"system","content":"You are terse."},)"
         R"({"role":"user","content":"Name the capital of France."}],"max_tokens":64})";
}

// User and system time of this process, in microseconds.
inline double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

inline void print_result(const char* name, const Arguments& arguments, double cpu, long failed) {
  std::printf(
      "{\"program\":\"%s\",\"calls\":%ld,\"in_flight\":%ld,\"cpu_us_per_call\":%.3f,"
      "\"failed\":%ld}\n",
      name, arguments.calls, arguments.in_flight, cpu / static_cast<double>(arguments.calls),
      failed);
  std::fflush(stdout);
}

}  // namespace overhead
