// The process as open sees it: environment, limit of open files, and the few files whose presence
// matters. The only file of core that reads them.
#if !defined(_WIN32)
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include <cstdlib>
#include <fstream>

#include "core/config.h"
#include "core/trim.h"

#if defined(_WIN32)
#define HOLYSHEEP_ENVIRON _environ
#else
extern char** environ;
#define HOLYSHEEP_ENVIRON environ
#endif

namespace holysheep {
namespace {

// A key's file is one line. A larger file is something else, and is not worth reading.
constexpr std::size_t kKeyFileBytesMax = 64 * 1024;

bool file_exists(const std::string& path) {
  return std::ifstream(path, std::ios::binary).good();
}

std::int64_t soft_descriptor_limit() {
#if defined(_WIN32)
  return 2048;  // sockets are not descriptors there; libcurl's select loop is the bound
#else
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  constexpr rlim_t kEnough = 1U << 20U;  // "unlimited" included
  return static_cast<std::int64_t>(limit.rlim_cur < kEnough ? limit.rlim_cur : kEnough);
#endif
}

}  // namespace

Environment read_environment() {
  Environment environment;
  for (char** each = HOLYSHEEP_ENVIRON; each != nullptr && *each != nullptr; ++each) {
    const std::string_view entry(*each);
    const std::size_t equals = entry.find('=', 1);
    if (equals == std::string_view::npos) continue;
    environment.variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  environment.descriptors_max = soft_descriptor_limit();
  environment.file_exists = file_exists;
  environment.load_key_file = load_key_file;
  return environment;
}

Result<std::string> load_key_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.good()) return Error{Status::config, "the file cannot be read"};
  std::string text(kKeyFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Error{Status::config, "the file cannot be read"};
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kKeyFileBytesMax) {
    return Error{Status::config, "the file is larger than 64 KiB: no key is"};
  }
  std::string key(trim(text));
  if (key.empty()) return Error{Status::config, "the file is empty"};
  if (const std::string_view fault = key_fault(key); !fault.empty()) {
    return Error{Status::config, "the key in the file " + std::string(fault)};
  }
  return key;
}

}  // namespace holysheep
