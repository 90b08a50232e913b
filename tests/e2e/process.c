/* A process that ends, or forks, while HolySheep works in it.
 *
 *     e2e_process exit CONFIG return|exit|_exit EVENTS     (so many are drained before)
 *     e2e_process fork CONFIG CHILDREN
 *     e2e_process call CONFIG MODEL
 *     e2e_process talk CONFIG        (on standard input: lines "COUNT PATH OPTIONS")
 *     e2e_process resolver CONFIG    (endpoints "ok" and "slow"; slow_resolver.c preloaded)
 */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "holysheep.h"

/* A child that hangs is killed by its alarm after this many seconds. */
#define CHILD_SECONDS_MAX 20

static const char* const kBody =
    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
static const char* const kStreamBody =
    "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

static int fail(const char* what, const holysheep_error* error) {
  fprintf(stderr, "%s: %s\n", what, error == NULL ? "" : error->message);
  return 1;
}

static int submit_some(holysheep_client* client, holysheep_queue* queue, int count) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  for (int i = 0; i < count; ++i) {
    holysheep_request request = HOLYSHEEP_REQUEST_INIT;
    holysheep_request_id id = 0;
    request.body = i % 2 == 0 ? kBody : kStreamBody;
    request.stream = i % 2 == 0 ? HOLYSHEEP_STREAM_NONE : HOLYSHEEP_STREAM_EVENTS;
    if (holysheep_submit(client, queue, &request, &id, &error) != HOLYSHEEP_OK) {
      return fail("submit", &error);
    }
  }
  return 0;
}

static int run_exit(const char* config, const char* how, long events) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_client* client = NULL;
  holysheep_queue* queue = NULL;
  holysheep_batch* batch = NULL;
  if (holysheep_client_open(config, HOLYSHEEP_SIZE_NUL, &client, &error) != HOLYSHEEP_OK) {
    return fail("open", &error);
  }
  if (holysheep_queue_new(&queue) != HOLYSHEEP_OK) return fail("queue", NULL);
  if (submit_some(client, queue, 24) != 0) return 1;
  while (events-- > 0) {
    if (holysheep_queue_drain(queue, 1, -1, &batch) != HOLYSHEEP_OK) return fail("drain", NULL);
    holysheep_batch_free(batch);
  }
  if (strcmp(how, "exit") == 0) exit(0);
  if (strcmp(how, "_exit") == 0) _exit(0);
  return 0;
}

/* In the child: the parent's objects refuse, a client of its own works. */
static int child(holysheep_client* parents, holysheep_queue* parents_queue, const char* config) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  holysheep_client* client = NULL;
  holysheep_batch* batch = NULL;
  holysheep_text* text = NULL;
  holysheep_status status;
  alarm(CHILD_SECONDS_MAX);
  request.body = kBody;
  if (holysheep_client_status(parents, &text) != HOLYSHEEP_E_FORKED) return 10;
  if (holysheep_call(parents, &request, &batch, &error) != HOLYSHEEP_E_FORKED) return 11;
  holysheep_client_close(parents);
  holysheep_client_free(parents);
  holysheep_queue_free(parents_queue);
  if (holysheep_client_open(config, HOLYSHEEP_SIZE_NUL, &client, &error) != HOLYSHEEP_OK) {
    return 12;
  }
  status = holysheep_call(client, &request, &batch, &error);
  holysheep_batch_free(batch);
  holysheep_client_free(client);
  if (status != HOLYSHEEP_OK) return fail("the child's call", &error) + 12;
  return 0;
}

/* Whatever has ended is replaced, so that TLS handshakes and answers never stop. */
static void keep_busy(holysheep_client* client, holysheep_queue* queue) {
  holysheep_batch* batch = NULL;
  int ended = 0;
  if (holysheep_queue_drain(queue, 0, 0, &batch) != HOLYSHEEP_OK) return;
  for (size_t i = 0; i < holysheep_batch_count(batch); ++i) {
    holysheep_event event = HOLYSHEEP_EVENT_INIT;
    holysheep_batch_event(batch, i, &event);
    if (event.kind == HOLYSHEEP_EVENT_DONE) ++ended;
    if (event.kind == HOLYSHEEP_EVENT_DATA) {
      holysheep_credit(client, event.request, event.data_size);
    }
  }
  holysheep_batch_free(batch);
  submit_some(client, queue, ended);
}

static int run_fork(const char* config, long children) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_client* client = NULL;
  holysheep_queue* queue = NULL;
  long bad = 0;
  if (holysheep_client_open(config, HOLYSHEEP_SIZE_NUL, &client, &error) != HOLYSHEEP_OK) {
    return fail("open", &error);
  }
  if (holysheep_queue_new(&queue) != HOLYSHEEP_OK) return fail("queue", NULL);
  if (submit_some(client, queue, 16) != 0) return 1;
  for (long i = 0; i < children; ++i) {
    int ended = 0;
    pid_t pid;
    if (holysheep_fork_prepare() != HOLYSHEEP_OK) return fail("an engine did not park", NULL);
    pid = fork();
    if (pid == 0) _exit(child(client, queue, config));
    holysheep_fork_parent();
    keep_busy(client, queue);
    if (pid < 0 || waitpid(pid, &ended, 0) != pid) return fail("fork", NULL);
    if (ended != 0) {
      fprintf(stderr, "child %ld ended with %d\n", i, ended);
      ++bad;
    }
  }
  holysheep_client_free(client);
  holysheep_queue_free(queue);
  printf("{\"children\": %ld, \"bad\": %ld}\n", children, bad);
  return bad == 0 ? 0 : 1;
}

/* One call; prints how it ended and what stands beside it. */
static int run_call(const char* config, const char* model) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  holysheep_client* client = NULL;
  holysheep_batch* batch = NULL;
  char body[256];
  snprintf(body, sizeof body,
           "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}", model);
  request.body = body;
  if (holysheep_client_open(config, HOLYSHEEP_SIZE_NUL, &client, &error) != HOLYSHEEP_OK) {
    return fail("open", &error);
  }
  for (int i = 0; i < 2; ++i) { /* the second finds what the first has left behind */
    const char* meta = "{}";
    const holysheep_status status = holysheep_call(client, &request, &batch, &error);
    holysheep_batch_meta(batch, 0, &meta, NULL);
    printf("{\"status\": \"%s\", \"meta\": %s}\n", holysheep_status_name(status), meta);
    holysheep_batch_free(batch);
  }
  holysheep_client_free(client);
  return 0;
}

/* So many calls at a time, and a line for each that has ended, in the order of their ends. */
static int talk(holysheep_client* client, holysheep_queue* queue, int count, const char* path,
                const char* options) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = kBody;
  request.path = path;
  request.options = options;
  for (int i = 0; i < count; ++i) {
    holysheep_request_id id = 0;
    if (holysheep_submit(client, queue, &request, &id, &error) != HOLYSHEEP_OK) {
      return fail("submit", &error);
    }
  }
  while (count > 0) {
    holysheep_batch* batch = NULL;
    if (holysheep_queue_drain(queue, 0, -1, &batch) != HOLYSHEEP_OK) return fail("drain", NULL);
    for (size_t i = 0; i < holysheep_batch_count(batch); ++i, --count) {
      holysheep_event event = HOLYSHEEP_EVENT_INIT;
      const char* meta = "{}";
      holysheep_batch_event(batch, i, &event);
      holysheep_batch_meta(batch, i, &meta, NULL);
      printf("{\"status\": \"%s\", \"meta\": %s}\n", holysheep_status_name(event.status), meta);
    }
    holysheep_batch_free(batch);
  }
  fflush(stdout);
  return 0;
}

static int run_talk(const char* config) {
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_client* client = NULL;
  holysheep_queue* queue = NULL;
  char line[1024];
  int status = 0;
  if (holysheep_client_open(config, HOLYSHEEP_SIZE_NUL, &client, &error) != HOLYSHEEP_OK) {
    return fail("open", &error);
  }
  if (holysheep_queue_new(&queue) != HOLYSHEEP_OK) return fail("queue", NULL);
  while (status == 0 && fgets(line, sizeof line, stdin) != NULL) {
    char path[256];
    char options[512];
    int count = 0;
    if (sscanf(line, "%d %255s %511[^\n]", &count, path, options) != 3) {
      return fail("expected COUNT PATH OPTIONS", NULL);
    }
    status = talk(client, queue, count, path, options);
  }
  holysheep_client_free(client);
  holysheep_queue_free(queue);
  return status;
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int threads_now(void) {
  DIR* tasks = opendir("/proc/self/task");
  int count = 0;
  while (tasks != NULL && readdir(tasks) != NULL)
    ++count;
  if (tasks != NULL) closedir(tasks);
  return count - 2; /* "." and ".." */
}

/* Calls to a host whose name takes 10 s to look up, beside calls that must not notice. */
static int run_resolver(const char* config) {
  enum { kSlow = 20, kFlowing = 300 };
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_client* client = NULL;
  holysheep_queue* queue = NULL;
  holysheep_request_id ids[kSlow];
  int cancelled = 0;
  int timed_out = 0;
  int threads = 0;
  double worst_ms = 0;
  const double begin = now_ms();
  holysheep_request request = HOLYSHEEP_REQUEST_INIT;
  request.body = kBody;
  if (holysheep_client_open(config, HOLYSHEEP_SIZE_NUL, &client, &error) != HOLYSHEEP_OK) {
    return fail("open", &error);
  }
  if (holysheep_queue_new(&queue) != HOLYSHEEP_OK) return fail("queue", NULL);
  request.options = "{\"allow\": [\"slow\"]}";
  request.timeout_ms = 1000;
  for (int i = 0; i < kSlow; ++i) {
    if (holysheep_submit(client, queue, &request, &ids[i], &error) != HOLYSHEEP_OK) {
      return fail("submit", &error);
    }
  }
  request.options = "{\"allow\": [\"ok\"]}";
  for (int i = 0; i < kFlowing; ++i) {
    holysheep_batch* batch = NULL;
    const double before = now_ms();
    if (i == 10 && holysheep_cancel(client, ids[0]) != HOLYSHEEP_OK) return fail("cancel", NULL);
    if (holysheep_call(client, &request, &batch, &error) != HOLYSHEEP_OK) {
      return fail("a call that should flow", &error);
    }
    holysheep_batch_free(batch);
    if (now_ms() - before > worst_ms) worst_ms = now_ms() - before;
    if (threads_now() > threads) threads = threads_now();
  }
  while (cancelled + timed_out < kSlow) {
    holysheep_batch* batch = NULL;
    holysheep_event event = HOLYSHEEP_EVENT_INIT;
    if (holysheep_queue_drain(queue, 1, -1, &batch) != HOLYSHEEP_OK) return fail("drain", NULL);
    holysheep_batch_event(batch, 0, &event);
    if (event.status == HOLYSHEEP_E_CANCELLED) ++cancelled;
    if (event.status == HOLYSHEEP_E_TIMEOUT) ++timed_out;
    holysheep_batch_free(batch);
  }
  printf(
      "{\"cancelled\": %d, \"timed_out\": %d, \"threads\": %d, \"worst_ms\": %.1f, "
      "\"took_ms\": %.0f}\n",
      cancelled, timed_out, threads, worst_ms, now_ms() - begin);
  holysheep_client_free(client);
  holysheep_queue_free(queue);
  return 0;
}

int main(int count, char** values) {
  if (count == 5 && strcmp(values[1], "exit") == 0) {
    return run_exit(values[2], values[3], atol(values[4]));
  }
  if (count == 4 && strcmp(values[1], "fork") == 0) return run_fork(values[2], atol(values[3]));
  if (count == 4 && strcmp(values[1], "call") == 0) return run_call(values[2], values[3]);
  if (count == 3 && strcmp(values[1], "talk") == 0) return run_talk(values[2]);
  if (count == 3 && strcmp(values[1], "resolver") == 0) return run_resolver(values[2]);
  fprintf(stderr, "usage: %s exit|fork|call|talk|resolver CONFIG ...\n", values[0]);
  return 2;
}
