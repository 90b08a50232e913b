#include "core/curl_failure.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/network_probe.h"

namespace holysheep {
namespace {

// CURLE_TOO_LARGE, which libcurl has since 8.6.
constexpr int kTooLarge = 100;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Faults of this machine that a failed system call names.
TransportError local_fault(int error_number) {
  switch (error_number) {
    case EMFILE:
    case ENFILE:
      return TransportError::local_descriptors;
    case ENOMEM:
    case ENOBUFS:
      return TransportError::local_memory;
    case EADDRNOTAVAIL:
      return TransportError::local_ports;
    case ENETUNREACH:
    case ENETDOWN:
      return probe_network();
    default:
      return TransportError::none;
  }
}

TransportError resolve_failure(const CurlFailure& failure) {
  if (contains(failure.detail, "thread failed")) return TransportError::local_memory;
  const TransportError local = probe_network();
  if (local != TransportError::none) return local;
  return failure.code == CURLE_COULDNT_RESOLVE_PROXY ? TransportError::proxy
                                                     : TransportError::resolve;
}

TransportError unreadable_file(std::string_view ca_file) {
  if (!ca_file.empty()) {
    const int file = open(std::string(ca_file).c_str(), O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
      close(file);
    } else if (local_fault(errno) == TransportError::local_descriptors) {
      return TransportError::local_descriptors;
    }
  }
  return TransportError::local_files;
}

// Libcurl's own limits on header lines; it names them in words only.
bool names_header_limit(const CurlFailure& failure) {
  if (!failure.sent || failure.headers) return false;
  return static_cast<int>(failure.code) == kTooLarge || failure.code == CURLE_OUT_OF_MEMORY ||
         contains(failure.detail, "Too large response headers") ||
         contains(failure.detail, "Too many response headers");
}

TransportError classify_before_sent(const CurlFailure& failure) {
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return resolve_failure(failure);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_SHUTDOWN_FAILED:
      return TransportError::tls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return TransportError::certificate;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return unreadable_file(failure.ca_file);
    case CURLE_PROXY:
      return TransportError::proxy;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return TransportError::protocol;
    default:
      return failure.through_proxy ? TransportError::proxy : TransportError::connect;
  }
}

TransportError classify_before_headers(const CurlFailure& failure) {
  switch (failure.code) {
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return TransportError::protocol;
    case CURLE_FILESIZE_EXCEEDED:
      return TransportError::protocol;  // bad Content-Length
    default:
      break;
  }
  return failure.reused && !failure.answered ? TransportError::reused_dead : TransportError::reset;
}

TransportError classify_in_body(const CurlFailure& failure) {
  if (failure.code == CURLE_BAD_CONTENT_ENCODING || failure.code == CURLE_WEIRD_SERVER_REPLY ||
      contains(failure.detail, "chunk")) {
    return TransportError::protocol;
  }
  return TransportError::cut;
}

std::string_view sentence(TransportError error) {
  switch (error) {
    case TransportError::none:
      return "no error";
    case TransportError::resolve:
      return "the name has no address";
    case TransportError::connect:
      return "no connection";
    case TransportError::tls:
      return "the TLS handshake failed";
    case TransportError::certificate:
      return "the certificate was not accepted";
    case TransportError::proxy:
      return "the proxy made no connection";
    case TransportError::reset:
      return "the connection ended before the answer's headers";
    case TransportError::reused_dead:
      return "a kept-alive connection was dead";
    case TransportError::cut:
      return "the connection ended inside the answer";
    case TransportError::protocol:
      return "the answer is not proper HTTP";
    case TransportError::header_too_large:
      return "the answer's headers exceed header_bytes_max";
    case TransportError::body_too_large:
      return "the answer's body exceeds body_bytes_max";
    case TransportError::local_descriptors:
      return "this process has no file descriptor left";
    case TransportError::local_memory:
      return "this process has no memory left";
    case TransportError::local_ports:
      return "this machine has no local port left";
    case TransportError::local_network:
      return "this machine has no network";
    case TransportError::local_files:
      return "ca_file or client_cert cannot be read";
  }
  return "failed";
}

}  // namespace

TransportError classify(const CurlFailure& failure) {
  if (failure.no_memory) return TransportError::local_memory;
  if (failure.header_limit || names_header_limit(failure)) return TransportError::header_too_large;
  if (failure.body_limit) return TransportError::body_too_large;
  if (failure.again) {
    return failure.answered ? TransportError::reset : TransportError::reused_dead;
  }
  const TransportError local = local_fault(failure.error_number);
  if (local != TransportError::none && !failure.sent) return local;
  if (failure.code == CURLE_OUT_OF_MEMORY || failure.code == CURLE_WRITE_ERROR) {
    return TransportError::local_memory;
  }
  if (!failure.sent) return classify_before_sent(failure);
  return failure.headers ? classify_in_body(failure) : classify_before_headers(failure);
}

std::string describe(TransportError error, const CurlFailure& failure) {
  std::string text(failure.peer);
  text.append(": ").append(sentence(error));
  if (!failure.sent && failure.error_number != 0) {
    text.append(": ").append(std::generic_category().message(failure.error_number));
  } else if (!failure.sent && !failure.detail.empty()) {
    // What failed before the request was written cannot quote it.
    text.append(": ").append(failure.detail);
  } else if (failure.code != CURLE_OK && !failure.header_limit && !failure.body_limit &&
             !failure.again) {
    text.append(": ").append(curl_easy_strerror(failure.code));
  }
  return text;
}

}  // namespace holysheep
