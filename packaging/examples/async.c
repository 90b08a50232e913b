/* Many calls at once in an event loop of your own: poll() waits for the queue's descriptor beside
 * whatever else the loop waits for.
 *
 *   cc -std=c99 async.c $(pkg-config --cflags --libs holysheep) -o async
 *   HOLYSHEEP_API_KEY=... ./async 10 */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <stdio.h>

#include "examples.h"

/* Takes what the queue holds. Returns how many calls ended; *failed counts those that failed. */
static int take_completions(holysheep_queue* queue, int* failed) {
  holysheep_batch* batch = NULL;
  int ended = 0;
  if (holysheep_queue_drain(queue, 0, 0, &batch) != HOLYSHEEP_OK) return 0;
  for (size_t i = 0; i < holysheep_batch_count(batch); ++i) {
    holysheep_event event = HOLYSHEEP_EVENT_INIT;
    holysheep_batch_event(batch, i, &event);
    if (event.kind != HOLYSHEEP_EVENT_DONE) continue;
    ++ended;
    if (event.status != HOLYSHEEP_OK) ++*failed;
    printf("call %d: %s after %d attempts\n", (int)event.user_data,
           event.status == HOLYSHEEP_OK ? "ok" : holysheep_status_name(event.status),
           (int)event.attempts);
  }
  holysheep_batch_free(batch);
  return ended;
}

int main(int count, char** arguments) {
  int calls = count > 1 ? atoi(arguments[1]) : 10;
  holysheep_error error = HOLYSHEEP_ERROR_INIT;
  holysheep_client* client = example_open(&error);
  holysheep_queue* queue = NULL;
  struct pollfd waiting = {-1, POLLIN, 0};
  if (client == NULL || holysheep_queue_new(&queue) != HOLYSHEEP_OK ||
      holysheep_queue_fd(queue, &waiting.fd) != HOLYSHEEP_OK) {
    fprintf(stderr, "cannot open the pool: %s\n", error.message);
    holysheep_queue_free(queue);
    holysheep_client_free(client);
    return 1;
  }

  char body[4096];
  int running = 0;
  int failed = 0;
  for (int i = 0; i < calls; ++i) {
    holysheep_request request = HOLYSHEEP_REQUEST_INIT;
    request.body = example_body(body, sizeof body, "Say hello", 0);
    request.user_data = (uint64_t)i; /* comes back with each event of this call */
    holysheep_request_id id = 0;
    if (holysheep_submit(client, queue, &request, &id, &error) == HOLYSHEEP_OK) {
      ++running;
    } else {
      fprintf(stderr, "call %d not accepted: %s\n", i, error.message);
      ++failed;
    }
  }
  while (running > 0) {
    if (poll(&waiting, 1, -1) > 0) running -= take_completions(queue, &failed);
  }
  holysheep_queue_free(queue);
  holysheep_client_free(client);
  return failed == 0 ? 0 : 1;
}
