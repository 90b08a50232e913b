#include "core/library.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <simdjson.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "core/curl_transport.h"

namespace holysheep {
namespace {

constexpr unsigned kFirstVersionThatMultiplexesWell = 0x080000;

// Where distributions keep their bundle, for a libcurl that was built without a place of its own.
constexpr const char* kCaFiles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7+
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/ssl/cert.pem",                                  // macOS, BSD
};

struct Libraries {
  bool ready = false;
  unsigned version = 0;
  std::string versions;
  std::string ca_file;
};

std::string version_text(const curl_version_info_data& info) {
  std::string text = HOLYSHEEP_VERSION " libcurl/";
  text += info.version;
  if (info.ssl_version != nullptr) text.append(" ").append(info.ssl_version);
  if (info.nghttp2_version != nullptr) text.append(" nghttp2/").append(info.nghttp2_version);
  if (info.libz_version != nullptr) text.append(" zlib/").append(info.libz_version);
  text += " simdjson/" + std::to_string(simdjson::SIMDJSON_VERSION_MAJOR) + "." +
          std::to_string(simdjson::SIMDJSON_VERSION_MINOR) + "." +
          std::to_string(simdjson::SIMDJSON_VERSION_REVISION);
  return text;
}

// Never freed: other threads may use it while the process exits.
Libraries* start() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  auto libraries = std::make_unique<Libraries>();
  libraries->ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  const curl_version_info_data& info = *curl_version_info(CURLVERSION_NOW);
  libraries->version = info.version_num;
  libraries->versions = version_text(info);
  if (info.cainfo == nullptr && info.capath == nullptr) {
    for (const char* file : kCaFiles) {
      if (access(file, R_OK) == 0) {
        libraries->ca_file = file;
        break;
      }
    }
  }
  return libraries.release();
}

constinit std::mutex starting;
constinit std::atomic<const Libraries*> running{nullptr};

// Not std::call_once: where there is no memory the next caller must be able to try again, and not
// every implementation survives an exception.
const Libraries& libraries() {
  const Libraries* found = running.load(std::memory_order_acquire);
  if (found != nullptr) return *found;
  const std::lock_guard<std::mutex> lock(starting);
  if (running.load(std::memory_order_relaxed) == nullptr) {
    running.store(start(), std::memory_order_release);
  }
  return *running.load(std::memory_order_relaxed);
}

}  // namespace

bool initialise_libraries() {
  return libraries().ready;
}

const std::string& default_ca_file() {
  return libraries().ca_file;
}

bool library_multiplexes_well() {
  return libraries().version >= kFirstVersionThatMultiplexesWell;
}

const char* library_versions() {
  return libraries().versions.c_str();
}

}  // namespace holysheep
