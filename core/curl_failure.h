// From what libcurl says to what happened: a TransportError and a sentence without secrets.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "core/transport_error.h"

namespace holysheep {

// How far an attempt had come, and what stopped it.
struct CurlFailure {
  CURLcode code = CURLE_OK;   // OK: libcurl takes headers that just end for a success
  int error_number = 0;       // errno of the system call that failed; 0: unknown
  bool sent = false;          // the request had begun to be written
  bool reused = false;        // on a connection that had carried a request before
  bool again = false;         // libcurl was about to send it a second time
  bool answered = false;      // any byte of the answer had come
  bool headers = false;       // the final header block had come
  bool no_memory = false;     // for what had come
  bool header_limit = false;  // our own limits stopped it
  bool body_limit = false;
  bool through_proxy = false;
  std::string_view peer;  // "host:port"
  std::string_view ca_file;
  std::string_view detail;  // libcurl's error text
};

// May look at this machine (is there any network, any descriptor?); never blocks and sends nothing.
TransportError classify(const CurlFailure& failure);
std::string describe(TransportError error, const CurlFailure& failure);

}  // namespace holysheep
