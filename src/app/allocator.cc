// Settings of jemalloc, which reads this symbol when the program starts: memory that was freed goes back to
// the system after a second, by a thread of its own, and few arenas keep little apart.
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:4";
}
