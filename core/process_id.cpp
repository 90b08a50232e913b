#include "core/process_id.h"

#include <unistd.h>

#include <atomic>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace holysheep {
namespace {

using Known = std::atomic<pid_t>;
static_assert(Known::is_always_lock_free);

#if defined(__linux__) && defined(MADV_WIPEONFORK)

// Null: not asked for yet. Never unmapped: threads may outlive static destruction.
std::atomic<Known*> known{nullptr};
Known unavailable{0};

Known* map_page() {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return &unavailable;
  // An empty page is a valid atomic: 0, not known.
  auto* fresh = static_cast<Known*>(page);
  Known* expected = nullptr;
  if (madvise(page, size, MADV_WIPEONFORK) != 0) fresh = &unavailable;
  if (known.compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) {
    if (fresh != page) munmap(page, size);
    return fresh;
  }
  munmap(page, size);
  return expected;
}

#endif

}  // namespace

pid_t process_id() {
#if defined(__linux__) && defined(MADV_WIPEONFORK)
  Known* page = known.load(std::memory_order_acquire);
  if (page == nullptr) page = map_page();
  if (page == &unavailable) return getpid();
  pid_t id = page->load(std::memory_order_relaxed);
  if (id == 0) {
    id = getpid();
    page->store(id, std::memory_order_relaxed);
  }
  return id;
#else
  return getpid();
#endif
}

}  // namespace holysheep
