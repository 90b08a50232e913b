#include "core/key_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>

namespace holysheep {
namespace {

constexpr std::size_t kKeyBytesMax = 16 * 1024;

}  // namespace

std::string read_key_file(const KeySource& source) {
  const int file = ::open(source.value.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  std::string text(kKeyBytesMax, '\0');
  const ssize_t size = ::read(file, text.data(), text.size());
  ::close(file);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace holysheep
