// Hints to the processor's caches, which Swift has no words for.
#ifndef HYDRON_PREFETCH_H
#define HYDRON_PREFETCH_H

// The line of 64 bytes at `address` will be read soon. The address need not be valid: a hint never faults.
static inline void prefetch_line(const void *address) { __builtin_prefetch(address); }

#endif
