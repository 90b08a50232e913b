#include "failing_allocator.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#ifndef HOLYSHEEP_SANITIZED
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void __libc_free(void* old);
}
#endif

namespace memory_test {
namespace {

// Plain atomics: they must work before anything is constructed, and in every thread.
std::atomic<bool> armed{false};
std::atomic<bool> lasting_{false};
std::atomic<Whose> whose_{Whose::callers};
std::atomic<long> left{0};
std::atomic<bool> happened_{false};
thread_local bool is_caller = false;

bool fails_now() {
  if (!armed.load(std::memory_order_acquire)) return false;
  if (is_caller != (whose_.load(std::memory_order_relaxed) == Whose::callers)) return false;
  const long before = left.fetch_sub(1, std::memory_order_acq_rel);
  if (before != 1 && !(before < 1 && lasting_.load(std::memory_order_relaxed))) return false;
  happened_.store(true, std::memory_order_release);
  return true;
}

#ifndef HOLYSHEEP_SANITIZED
bool counts_malloc() {
  return is_caller && whose_.load(std::memory_order_relaxed) == Whose::callers;
}
#endif

void* raw(std::size_t size) {
#ifdef HOLYSHEEP_SANITIZED
  return std::malloc(size);
#else
  return __libc_malloc(size);
#endif
}

}  // namespace

FailingAllocation::FailingAllocation(Whose whose, long number, bool lasting) {
  is_caller = true;
  happened_ = false;
  lasting_ = lasting;
  whose_ = whose;
  left = number;
  armed.store(true, std::memory_order_release);
}

FailingAllocation::~FailingAllocation() {
  armed.store(false, std::memory_order_release);
  is_caller = false;
}

bool FailingAllocation::happened() const {
  return happened_.load(std::memory_order_acquire);
}

}  // namespace memory_test

void* operator new(std::size_t size) {
  void* made = memory_test::fails_now() ? nullptr : memory_test::raw(size == 0 ? 1 : size);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

void* operator new[](std::size_t size) {
  return operator new(size);
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return memory_test::fails_now() ? nullptr : memory_test::raw(size == 0 ? 1 : size);
}

void* operator new[](std::size_t size, const std::nothrow_t& nothrow) noexcept {
  return operator new(size, nothrow);
}

void operator delete(void* old, const std::nothrow_t&) noexcept {
  std::free(old);
}

void operator delete[](void* old, const std::nothrow_t&) noexcept {
  std::free(old);
}

void operator delete(void* old) noexcept {
  std::free(old);
}

void operator delete[](void* old) noexcept {
  std::free(old);
}

void operator delete(void* old, std::size_t) noexcept {
  std::free(old);
}

void operator delete[](void* old, std::size_t) noexcept {
  std::free(old);
}

#ifndef HOLYSHEEP_SANITIZED
namespace {

bool malloc_fails_now() {
  return memory_test::counts_malloc() && memory_test::fails_now();
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  if (!malloc_fails_now()) return __libc_malloc(size);
  errno = ENOMEM;
  return nullptr;
}

void* calloc(std::size_t count, std::size_t size) {
  if (!malloc_fails_now()) return __libc_calloc(count, size);
  errno = ENOMEM;
  return nullptr;
}

void* realloc(void* old, std::size_t size) {
  if (!malloc_fails_now()) return __libc_realloc(old, size);
  errno = ENOMEM;
  return nullptr;
}

void free(void* old) {
  __libc_free(old);
}

}  // extern "C"
#endif
