#include "core/curl_handle.h"

#include <charconv>
#include <new>
#include <utility>

#include "core/curl_failure.h"
#include "core/headers.h"
#include "core/library.h"

namespace holysheep {
namespace {

// Of one answer in one poll. libcurl by itself reads up to a hundred buffers of a fast server: the
// engine would scan megabytes in a turn, and a reader's credit would be overrun by as much.
constexpr std::size_t kTurnBytesMax = 64 * 1024;

// libcurl's default of 64 KiB per request in flight is more than a prompt needs at a time.
constexpr long kUploadBufferBytes = 16'384;
// Bodies above 1 MB would wait a second for "100 Continue"; the header is needed only for those,
// but libcurl's threshold has changed before.
constexpr std::size_t kExpectFrom = 64 * 1024;
// Our own timer ends an attempt at connect_limit; libcurl's, which divides the time among a host's
// addresses, must not be the first of the two.
constexpr Nanos kConnectMargin = 250 * kMillisecond;
// 0 would mean libcurl's default of 300 s.
constexpr Nanos kConnectUnlimited = kDay;
constexpr Nanos kConnectionAgeUnlimited = 365 * kDay;
// What most answers need, so that it is allocated once.
constexpr std::size_t kHeaderBlockBytes = 1024;

char no_expect[] = "Expect:";
char no_content_type[] = "Content-Type:";

// libcurl counts whole seconds, and takes 0 for "no limit" in one option and "at once" in the
// other.
long age_limit_seconds(Nanos limit) {
  if (limit <= 0) limit = kConnectionAgeUnlimited;
  return static_cast<long>((limit + kSecond - 1) / kSecond);
}

bool names_content_type(std::string_view header) {
  constexpr std::string_view kName = "content-type:";
  return header.size() > kName.size() && equals_ignore_case(header.substr(0, kName.size()), kName);
}

}  // namespace

std::unique_ptr<CurlHandle> CurlHandle::make(CurlContext& context, Lane& lane) {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), &curl_easy_cleanup);
  if (easy == nullptr) return nullptr;
  std::unique_ptr<CurlHandle> handle(new CurlHandle(context, lane, easy.get()));
  static_cast<void>(easy.release());  // its own now
  if (!handle->set_constant_options() || !handle->set_tls_options()) return nullptr;
  return handle;
}

CurlHandle::CurlHandle(CurlContext& context, Lane& lane, CURL* easy)
    : context_(context), lane_(lane), easy_(easy) {}

CurlHandle::~CurlHandle() {
  curl_easy_cleanup(easy_);
}

CurlHandle* CurlHandle::of(CURL* easy) {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return reinterpret_cast<CurlHandle*>(self);
}

bool CurlHandle::set_constant_options() {
  bool ok = true;
  const auto set = [&](CURLoption option, auto value) {
    ok = curl_easy_setopt(easy_, option, value) == CURLE_OK && ok;
  };
  const EndpointConfig& settings = lane_.settings;
  // In clear text there is no HTTP/2 here, and waiting for a connection to tell whether it
  // multiplexes would be waiting for its first answer.
  const bool http2 = settings.scheme == "https" &&
                     (settings.http == HttpVersion::http2 ||
                      (settings.http == HttpVersion::automatic && library_multiplexes_well()));
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  set(CURLOPT_HTTP_VERSION,
      http2 ? static_cast<long>(CURL_HTTP_VERSION_2TLS) : static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PIPEWAIT, http2 ? 1L : 0L);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  set(CURLOPT_TCP_NODELAY, 1L);
  const long age_seconds = age_limit_seconds(context_.options.connection_age_max);
  set(CURLOPT_MAXAGE_CONN, age_seconds);
  set(CURLOPT_MAXLIFETIME_CONN, age_seconds);
  set(CURLOPT_DNS_CACHE_TIMEOUT, static_cast<long>(kAddressKept / kSecond));
  // Set even where empty: libcurl would read the environment on each transfer.
  set(CURLOPT_PROXY, settings.proxy.c_str());
  set(CURLOPT_NOPROXY, settings.no_proxy.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_PREREQFUNCTION, &CurlHandle::on_request);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlHandle::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  // The connection may outlive this handle.
  set(CURLOPT_CLOSESOCKETFUNCTION, &CurlHandle::on_close_socket);
  set(CURLOPT_CLOSESOCKETDATA, context_.connections);
  set(CURLOPT_HEADERFUNCTION, &CurlHandle::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &CurlHandle::on_body);
  set(CURLOPT_WRITEDATA, this);
  return ok;
}

bool CurlHandle::set_tls_options() {
  const EndpointConfig& settings = lane_.settings;
  if (settings.scheme != "https" && settings.proxy.empty()) return true;
  bool ok = true;
  const auto set = [&](CURLoption option, auto value) {
    ok = curl_easy_setopt(easy_, option, value) == CURLE_OK && ok;
  };
  set(CURLOPT_SHARE, context_.share);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  const std::string& ca_file = settings.ca_file.empty() ? default_ca_file() : settings.ca_file;
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  if (!settings.client_cert.empty()) set(CURLOPT_SSLCERT, settings.client_cert.c_str());
  if (!settings.client_key.empty()) set(CURLOPT_SSLKEY, settings.client_key.c_str());
  return ok;
}

bool CurlHandle::begin(AttemptId attempt, HttpRequest request, Nanos now) {
  attempt_ = attempt;
  request_ = std::move(request);
  entered_at_ = now;
  entered_turn_ = context_.turn;
  header_block_.clear();
  ends_.local_port = 0;
  header_bytes_ = body_bytes_ = 0;
  status_ = socket_error_ = 0;
  sockets_[0] = sockets_[1] = CURL_SOCKET_BAD;
  address_known_ = sent_ = reused_ = again_ = answered_ = headers_done_ = false;
  header_limit_ = body_limit_ = paused_ = no_memory_ = false;

  if (url_ != request_.url) {
    if (curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str()) != CURLE_OK) return false;
    url_ = request_.url;
  }
  if (fresh_connection_ != request_.fresh_connection) {
    fresh_connection_ = request_.fresh_connection;
    curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, fresh_connection_ ? 1L : 0L);
  }
  if (connect_limit_ != request_.connect_limit) {
    connect_limit_ = request_.connect_limit;
    const Nanos limit = connect_limit_ > 0 ? connect_limit_ + kConnectMargin : kConnectUnlimited;
    curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(to_ms_ceil(limit)));
  }
  set_headers();
  const bool body = request_.body != nullptr && !request_.body->empty();
  if (!set_method(request_.method, body)) return false;
  context_.queue->entered(lane_);
  return true;
}

bool CurlHandle::set_method(std::string_view method, bool body) {
  Method wanted = Method::custom;
  if (method == "POST") wanted = Method::post;
  if (method == "GET" && !body) wanted = Method::get;
  if (method == "HEAD" && !body) wanted = Method::head;
  const bool upload = body || wanted == Method::post;
  if (upload) {
    const std::string_view bytes = body ? std::string_view(*request_.body) : std::string_view("");
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, bytes.data());  // makes it a POST
  }
  const std::string_view custom = wanted == Method::custom ? method : std::string_view();
  if (wanted == method_ && upload == upload_ && custom == custom_method_) return true;
  method_ = wanted;
  upload_ = upload;
  custom_method_ = custom;
  CURLcode code = CURLE_OK;
  if (wanted == Method::head) {
    code = curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else {
    code = curl_easy_setopt(easy_, upload ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
  }
  const char* name = custom.empty() ? nullptr : custom_method_.c_str();
  return code == CURLE_OK && curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, name) == CURLE_OK;
}

// The list's nodes are ours, and point into the request: libcurl only reads them.
void CurlHandle::set_headers() {
  header_nodes_.clear();
  const std::size_t body_size = request_.body == nullptr ? 0 : request_.body->size();
  bool content_type = false;
  for (std::string& header : request_.headers) {
    content_type = content_type || names_content_type(header);
    while (!header.empty() && header.back() == ' ')
      header.pop_back();
    // libcurl takes "Name:" as "do not send"; "Name;" is its way to send an empty value.
    if (!header.empty() && header.back() == ':') header.back() = ';';
    header_nodes_.push_back({header.data(), nullptr});
  }
  if (body_size >= kExpectFrom) header_nodes_.push_back({no_expect, nullptr});
  if (!content_type) header_nodes_.push_back({no_content_type, nullptr});
  for (std::size_t i = 0; i + 1 < header_nodes_.size(); ++i) {
    header_nodes_[i].next = &header_nodes_[i + 1];
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_nodes_.data());
}

void CurlHandle::report(CURLcode code) {
  curl_off_t uploaded = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &uploaded);
  const std::size_t body_size = request_.body == nullptr ? 0 : request_.body->size();
  CurlFailure failure;
  failure.code = code;
  failure.again = again_;
  TransportEvent event;
  event.kind = TransportEvent::Kind::done;
  event.attempt = attempt_;
  // After a second try libcurl's count is that of the second.
  event.sent_in_full = sent_ && (again_ || static_cast<std::size_t>(uploaded) >= body_size);
  if (code == CURLE_OK && headers_done_ && !again_) {
    context_.events.push_back(std::move(event));
    return;
  }

  long system_error = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &system_error);
  failure.error_number = socket_error_ != 0 ? socket_error_ : static_cast<int>(system_error);
  failure.sent = sent_;
  failure.reused = reused_;
  failure.answered = answered_;
  failure.headers = headers_done_;
  failure.no_memory = no_memory_;
  failure.header_limit = header_limit_;
  failure.body_limit = body_limit_;
  failure.through_proxy = !lane_.settings.proxy.empty();
  failure.peer = lane_.host->name;
  failure.ca_file = lane_.settings.ca_file;
  failure.detail = error_text_;
  event.error = classify(failure);
  event.bytes = describe(event.error, failure);
  context_.events.push_back(std::move(event));
}

void CurlHandle::end(bool abandoned, Nanos now) {
  ConnectionQueue::Left stage = ConnectionQueue::Left::resolving;
  if (sent_) {
    stage = ConnectionQueue::Left::sent;
  } else if (address_known_) {
    stage = ConnectionQueue::Left::resolved;
  }
  // Before its first turn libcurl has not begun to look anything up.
  const bool lookup_runs = abandoned && entered_turn_ != context_.turn;
  context_.queue->left(lane_, stage, lookup_runs, now);
  attempt_ = 0;
  request_ = HttpRequest();
}

void CurlHandle::kill_connection(Nanos now) {
  context_.connections->shut_down(ends_, now - sent_at_);
}

CURLcode CurlHandle::pause(bool paused) {
  paused_ = paused;
  const CURLcode code = curl_easy_pause(easy_, paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
  // Not connected yet: the first bytes will find the flag.
  return code == CURLE_BAD_FUNCTION_ARGUMENT ? CURLE_OK : code;
}

TransportEvent& CurlHandle::append(TransportEvent::Kind kind) {
  TransportEvent& event = context_.events.emplace_back();
  event.kind = kind;
  event.attempt = attempt_;
  return event;
}

int CurlHandle::request_begins(const char* peer_address, const char* local_address, int peer_port,
                               int local_port) {
  if (sent_) {
    again_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  ends_.peer_address = peer_address;
  ends_.local_address = local_address;
  ends_.peer_port = peer_port;
  ends_.local_port = local_port;
  TransportEvent& event = append(TransportEvent::Kind::sent);
  sent_ = true;
  sent_at_ = read_clocks().mono;
  event.reused = reused_ = sockets_[0] == CURL_SOCKET_BAD;
  for (const curl_socket_t socket : sockets_) {
    if (socket != CURL_SOCKET_BAD) context_.connections->prove(socket, attempt_);
  }
  context_.queue->sent(lane_, address_known_, reused_);
  ++context_.counters.requests_sent;
  return CURL_PREREQFUNC_OK;
}

curl_socket_t CurlHandle::open_socket(const curl_sockaddr& address) {
  if (sent_) {
    again_ = true;
    return CURL_SOCKET_BAD;
  }
  if (!address_known_) {
    address_known_ = true;
    // The turn that begins with the attempt's entry counts one up before libcurl acts.
    const bool at_once = context_.turn <= entered_turn_ + 1;
    context_.queue->address_known(*lane_.host, entered_at_, at_once);
  }
  if (!fresh_connection_) context_.queue->opening(lane_);
  const curl_socket_t socket = context_.connections->open(address, lane_, attempt_, &socket_error_);
  if (socket == CURL_SOCKET_BAD) return socket;
  sockets_[1] = sockets_[0];
  sockets_[0] = socket;
  return socket;
}

std::size_t CurlHandle::header_line(std::string_view line) {
  answered_ = true;
  header_bytes_ += static_cast<std::int64_t>(line.size());
  if (header_bytes_ > context_.options.header_bytes_max) {
    header_limit_ = true;
    return 0;
  }
  if (headers_done_) return line.size();  // trailers
  if (line.starts_with("HTTP/")) {
    const std::size_t space = line.find(' ');
    status_ = 0;
    if (space != std::string_view::npos) {
      std::from_chars(line.data() + space + 1, line.data() + line.size(), status_);
    }
    lane_.http2 = line.starts_with("HTTP/2");
    header_block_.clear();
    return line.size();
  }
  if (line != "\r\n" && line != "\n") {
    if (header_block_.empty()) header_block_.reserve(kHeaderBlockBytes);
    header_block_ += line;
    return line.size();
  }
  if (status_ < 200) return line.size();  // an interim answer; the final one follows
  TransportEvent& event = append(TransportEvent::Kind::headers);
  headers_done_ = true;
  event.status = status_;
  event.bytes = std::move(header_block_);
  header_block_.clear();
  return line.size();
}

std::size_t CurlHandle::body_bytes(std::string_view bytes) {
  // Paused before libcurl knew of the connection; it keeps the bytes.
  if (paused_) return CURL_WRITEFUNC_PAUSE;
  if (body_turn_ != context_.turn) {
    body_turn_ = context_.turn;
    turn_bytes_ = 0;
  }
  if (turn_bytes_ >= kTurnBytesMax) {
    context_.held.push_back(attempt_);
    return CURL_WRITEFUNC_PAUSE;
  }
  turn_bytes_ += bytes.size();
  body_bytes_ += static_cast<std::int64_t>(bytes.size());
  if (!request_.stream && body_bytes_ > context_.options.body_bytes_max) {
    body_limit_ = true;
    return 0;
  }
  if (!context_.events.empty()) {
    TransportEvent& last = context_.events.back();
    if (last.kind == TransportEvent::Kind::data && last.attempt == attempt_) {
      last.bytes += bytes;
      return bytes.size();
    }
  }
  TransportEvent event;
  event.kind = TransportEvent::Kind::data;
  event.attempt = attempt_;
  event.bytes = bytes;
  context_.events.push_back(std::move(event));
  return bytes.size();
}

int CurlHandle::on_request(void* self, char* peer_address, char* local_address, int peer_port,
                           int local_port) {
  auto* handle = static_cast<CurlHandle*>(self);
  try {
    return handle->request_begins(peer_address, local_address, peer_port, local_port);
  } catch (const std::bad_alloc&) {
    handle->no_memory_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
}

curl_socket_t CurlHandle::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  return static_cast<CurlHandle*>(self)->open_socket(*address);
}

int CurlHandle::on_close_socket(void* connections, curl_socket_t socket) {
  return static_cast<ConnectionTable*>(connections)->close(socket);
}

std::size_t CurlHandle::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto* handle = static_cast<CurlHandle*>(self);
  try {
    return handle->header_line({data, size * count});
  } catch (const std::bad_alloc&) {
    handle->no_memory_ = true;
    return 0;
  }
}

std::size_t CurlHandle::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto* handle = static_cast<CurlHandle*>(self);
  try {
    return handle->body_bytes({data, size * count});
  } catch (const std::bad_alloc&) {
    handle->no_memory_ = true;
    return 0;
  }
}

}  // namespace holysheep
