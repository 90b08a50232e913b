// The CLI's one place that asks the operating system about terminals.
#include "bindings/cli/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "bindings/cli/system.h"

namespace holysheep::cli {
namespace {

constexpr std::size_t kNameMax = 64;
char command_name[kNameMax] = "holysheep";
int output_fault = 0;  // errno of the first write to standard output that failed

int descriptor_of(Stream stream) {
  return stream == Stream::output ? STDOUT_FILENO : STDERR_FILENO;
}

std::string_view escape_of(Colour colour) {
  switch (colour) {
    case Colour::none:
      return "";
    case Colour::bold:
      return "\x1b[1m";
    case Colour::dim:
      return "\x1b[2m";
    case Colour::red:
      return "\x1b[31m";
    case Colour::green:
      return "\x1b[32m";
    case Colour::yellow:
      return "\x1b[33m";
  }
  return "";
}

}  // namespace

bool is_terminal(Stream stream) {
  return isatty(descriptor_of(stream)) == 1;
}

bool input_is_terminal() {
  return isatty(STDIN_FILENO) == 1;
}

bool has_colours(Stream stream) {
  const char* no_color = environment_variable("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* kind = environment_variable("TERM");
  if (kind != nullptr && std::strcmp(kind, "dumb") == 0) return false;
  return is_terminal(stream);
}

int terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

bool write(Stream stream, std::string_view text) {
  if (write_all(descriptor_of(stream), text)) return true;
  if (stream == Stream::output && output_fault == 0) output_fault = errno;
  return false;
}

bool output_failed() {
  return output_fault != 0;
}

int end_output(int status, int failed) {
  // Some file systems say only now that there is no room.
  if (close(STDOUT_FILENO) != 0 && output_fault == 0) output_fault = errno;
  if (output_fault == 0) return status;
  complain(std::string("cannot write to standard output: ") + reason_of(output_fault));
  return status == 0 ? failed : status;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd writable = {descriptor, POLLOUT, 0};  // a pipe that another program made so
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool hold_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free one is taken, which is this: those below it are open by now.
    const int mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", mode) != descriptor) return false;
  }
  return true;
}

std::string paint(Stream stream, Colour colour, std::string_view text) {
  if (colour == Colour::none || !has_colours(stream)) return std::string(text);
  return std::string(escape_of(colour)) + std::string(text) + "\x1b[0m";
}

void set_command_name(std::string_view name) {
  const std::string whole = "holysheep " + std::string(name);
  std::strncpy(command_name, whole.c_str(), kNameMax - 1);
}

void complain(std::string_view message) {
  Printable printable;
  write(Stream::error, std::string(command_name) + ": " + printable.filter(message) + "\n");
}

std::string Printable::filter(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (after_c2_) {
      after_c2_ = false;
      if (byte >= 0x80 && byte < 0xA0) continue;
      kept += '\xC2';
    }
    if (byte == 0xC2) {
      after_c2_ = true;
    } else if ((byte >= 0x20 && byte != 0x7F) || c == '\n' || c == '\t') {
      kept += c;
    }
  }
  return kept;
}

bool read_file(const std::string& path, std::string* content) {
  const bool standard_input = path == "-";
  std::FILE* file = standard_input ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  char buffer[65536];
  // Asked again after its end, a terminal would wait for a second Ctrl-D.
  while (std::feof(file) == 0 && std::ferror(file) == 0) {
    content->append(buffer, std::fread(buffer, 1, sizeof buffer, file));
  }
  const int cause = errno;
  const bool failed = std::ferror(file) != 0;
  if (!standard_input) std::fclose(file);
  errno = cause;
  return !failed;
}

}  // namespace holysheep::cli
