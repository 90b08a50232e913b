#include "core/queue.h"

#include <algorithm>
#include <utility>

#include "core/descriptor_pair.h"
#include "core/loop.h"

namespace holysheep {

Queue::~Queue() {
  close_descriptors(read_fd_, write_fd_);
}

// The descriptor changes under the lock, so that it never lags behind the list.
void Queue::signal_locked() {
  if (write_fd_ >= 0 && !signalled_) {
    signalled_ = true;
    signal_descriptor(write_fd_);
  }
}

void Queue::drop_old_records_locked(std::size_t log_records_max) {
  const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(first_);
  const auto is_record = [](const Completion& each) {
    return each.kind == Completion::Kind::log || each.kind == Completion::Kind::alert;
  };
  auto records = static_cast<std::size_t>(std::count_if(begin, items_.end(), is_record));
  if (records <= log_records_max) return;
  std::size_t surplus = records - log_records_max;
  items_.erase(std::remove_if(begin, items_.end(),
                              [&](const Completion& each) {
                                if (surplus == 0 || !is_record(each)) return false;
                                --surplus;
                                return true;
                              }),
               items_.end());
}

void Queue::push(std::vector<Completion>& completions, std::size_t log_records_max) {
  if (completions.empty()) return;
  std::vector<Completion> dropped;
  std::unique_lock<std::mutex> lock(mutex_);
  if (abandoned()) {
    dropped.swap(completions);
    return;
  }
  const bool was_empty = first_ == items_.size();
  if (was_empty) {
    items_.clear();
    first_ = 0;
    items_.swap(completions);
  } else {
    // What has been drained goes when it is the larger half, so that a queue that never runs empty
    // does not grow.
    if (first_ > items_.size() / 2) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    items_.insert(items_.end(), std::make_move_iterator(completions.begin()),
                  std::make_move_iterator(completions.end()));
    completions.clear();
  }
  if (log_records_max > 0) drop_old_records_locked(log_records_max);
  if (!was_empty) return;
  signal_locked();
  if (waiting_ > 0) {
    ready_.change();
    // Outside of the lock: whoever wakes at once must not find it held.
    lock.unlock();
    ready_.wake_all();
    lock.lock();
  }
  if (notify_ != nullptr) call_notify(lock);
}

void Queue::call_notify(std::unique_lock<std::mutex>& lock) {
  const Notify function = notify_;
  void* const context = context_;
  ++notifying_;
  lock.unlock();
  function(context);
  lock.lock();
  if (--notifying_ == 0) notified_.notify_all();
}

// Until there are items, the queue is interrupted, or the time is up.
void Queue::wait_locked(std::unique_lock<std::mutex>& lock, std::int64_t timeout_ms) {
  const std::uint64_t interrupts = interrupts_;
  const Nanos until =
      timeout_ms < 0 ? kNever : saturating_add(read_clocks().mono, from_ms(timeout_ms));
  Nanos left = timeout_ms < 0 ? kNever : from_ms(timeout_ms);
  ++waiting_;
  while (first_ == items_.size() && interrupts_ == interrupts && left > 0) {
    const std::uint32_t seen = ready_.value();
    lock.unlock();
    ready_.wait(seen, left);
    lock.lock();
    if (until != kNever) left = until - read_clocks().mono;
  }
  --waiting_;
}

Status Queue::drain(std::size_t max, std::int64_t timeout_ms, std::vector<Completion>& out) {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::uint64_t interrupts = interrupts_;
  if (first_ == items_.size() && timeout_ms != 0) wait_locked(lock, timeout_ms);
  if (first_ == items_.size()) return interrupts_ != interrupts ? Status::closed : Status::wait;
  const std::size_t available = items_.size() - first_;
  const std::size_t count = max == 0 ? available : std::min(max, available);
  if (count == items_.size()) {
    out.swap(items_);
    items_.clear();
  } else {
    const auto begin = items_.begin() + static_cast<std::ptrdiff_t>(first_);
    out.assign(std::make_move_iterator(begin),
               std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(count)));
    first_ += count;
    if (first_ == items_.size()) {
      items_.clear();
      first_ = 0;
    }
  }
  if (items_.empty()) {
    first_ = 0;
    if (signalled_) {
      signalled_ = false;
      clear_descriptor(read_fd_);
    }
  }
  return Status::ok;
}

void Queue::interrupt() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++interrupts_;
    ready_.change();
  }
  ready_.wake_all();
}

Status Queue::descriptor(int* fd) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (notify_ != nullptr) return Status::invalid_argument;
  if (read_fd_ < 0) {
    if (!make_descriptors(read_fd_, write_fd_)) return Status::local;
    if (first_ < items_.size()) {
      signalled_ = true;
      signal_descriptor(write_fd_);
    }
  }
  *fd = read_fd_;
  return Status::ok;
}

Status Queue::set_notify(Notify notify, void* context) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (notify != nullptr && read_fd_ >= 0) return Status::invalid_argument;
  notify_ = notify;
  context_ = context;
  notified_.wait(lock, [&] { return notifying_ == 0; });
  // What had come before is not lost.
  if (notify_ != nullptr && first_ < items_.size()) call_notify(lock);
  return Status::ok;
}

void Queue::abandon() {
  std::vector<Completion> dropped;
  const std::lock_guard<std::mutex> lock(mutex_);
  abandoned_.store(true, std::memory_order_release);
  notify_ = nullptr;
  dropped.swap(items_);
  first_ = 0;
}

}  // namespace holysheep
