#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

/// Blocks of memory that this thread has asked for since it began; −1 where they can't be counted (under a sanitizer, or
/// without glibc).
long allocation_count(void);

#endif
