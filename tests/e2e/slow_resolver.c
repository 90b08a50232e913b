/* Preloaded: names that contain "slow" take ten seconds to look up, as with a dead name server. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>

typedef int (*lookup)(const char*, const char*, const struct addrinfo*, struct addrinfo**);

static void pause_ten_seconds(void) {
  struct pollfd* const nothing = NULL;
  poll(nothing, 0, 10000);
}

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints,
                struct addrinfo** result) {
  lookup real;
  *(void**)&real = dlsym(RTLD_NEXT, "getaddrinfo");
  if (node != NULL && strstr(node, "slow") != NULL) pause_ten_seconds();
  return real(node, service, hints, result);
}
