#include "core/mock/mock_socket.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

namespace holysheep {
namespace {

MockSocket::Result result_of_errno() {
  const bool blocked = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return blocked ? MockSocket::Result::blocked : MockSocket::Result::ended;
}

int clamped(std::size_t size) {
  constexpr auto kMax = static_cast<std::size_t>(std::numeric_limits<int>::max());
  return static_cast<int>(size < kMax ? size : kMax);
}

iovec vector_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

}  // namespace

bool MockSocket::open(int descriptor, SSL_CTX* context) {
  descriptor_ = descriptor;
  if (context == nullptr) return true;
  ssl_.reset(SSL_new(context));
  if (!ssl_ || SSL_set_fd(ssl_.get(), descriptor) != 1) {
    ERR_clear_error();
    return false;
  }
  SSL_set_accept_state(ssl_.get());
  return true;
}

MockSocket::~MockSocket() {
  ssl_.reset();
  if (descriptor_ < 0) return;
  // A child of fork() that holds a copy would keep the connection open without this.
  if (!resets_) shutdown(descriptor_, SHUT_RDWR);
  close(descriptor_);
}

MockSocket::Result MockSocket::tls_result(int returned) const {
  const int error = SSL_get_error(ssl_.get(), returned);
  ERR_clear_error();
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Result::blocked
                                                                       : Result::ended;
}

MockSocket::Result MockSocket::read(char* buffer, std::size_t size, std::size_t* got) {
  *got = 0;
  if (ssl_) {
    const int count = SSL_read(ssl_.get(), buffer, clamped(size));
    if (count <= 0) return tls_result(count);
    *got = static_cast<std::size_t>(count);
    return Result::done;
  }
  const ssize_t count = recv(descriptor_, buffer, size, 0);
  if (count == 0) return Result::ended;
  if (count < 0) return result_of_errno();
  *got = static_cast<std::size_t>(count);
  return Result::done;
}

MockSocket::Result MockSocket::write(std::string_view first, std::string_view second,
                                     std::size_t* put) {
  *put = 0;
  if (ssl_) {
    const std::string_view text = first.empty() ? second : first;
    const int count = SSL_write(ssl_.get(), text.data(), clamped(text.size()));
    if (count <= 0) return tls_result(count);
    *put = static_cast<std::size_t>(count);
    return Result::done;
  }
  iovec parts[] = {vector_of(first), vector_of(second)};
  msghdr message{};
  message.msg_iov = first.empty() ? parts + 1 : parts;
  message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
  const ssize_t count = sendmsg(descriptor_, &message, MSG_NOSIGNAL);
  if (count < 0) return result_of_errno();
  *put = static_cast<std::size_t>(count);
  return Result::done;
}

bool MockSocket::has_unread() const {
  char byte = 0;
  return recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void MockSocket::reset_on_close() {
  resets_ = true;
  const linger now{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void MockSocket::close_notify() {
  if (!ssl_) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace holysheep
