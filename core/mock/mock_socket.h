// One accepted connection's bytes, in clear text or TLS, never blocking. Owns the descriptor.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace holysheep {

struct MockSslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class MockSocket {
 public:
  enum class Result { done, blocked, ended };

  // `context` null: clear text. False if memory or TLS fails.
  bool open(int descriptor, SSL_CTX* context);
  MockSocket() = default;
  ~MockSocket();
  MockSocket(const MockSocket&) = delete;
  MockSocket& operator=(const MockSocket&) = delete;

  int descriptor() const { return descriptor_; }
  // At least one byte, unless blocked or ended.
  Result read(char* buffer, std::size_t size, std::size_t* got);
  // Some of `first` and `second`, in this order.
  Result write(std::string_view first, std::string_view second, std::size_t* put);
  // Bytes have come that nobody has read; they stay.
  bool has_unread() const;
  // Lets the destructor send RST instead of FIN.
  void reset_on_close();
  // Tells a TLS peer that the end is meant.
  void close_notify();

 private:
  Result tls_result(int returned) const;

  int descriptor_ = -1;
  bool resets_ = false;
  std::unique_ptr<SSL, MockSslFree> ssl_;
};

}  // namespace holysheep
