// A descriptor that can be made readable and unreadable: an eventfd where there is one, else a
// pipe. Non-blocking, close-on-exec.
#pragma once

namespace holysheep {

// False if there is no descriptor left. With an eventfd both are the same.
bool make_descriptors(int& read_fd, int& write_fd);
void signal_descriptor(int write_fd);
void clear_descriptor(int read_fd);
void close_descriptors(int read_fd, int write_fd);

}  // namespace holysheep
