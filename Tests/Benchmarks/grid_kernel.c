// The yardstick of array solvers: the operating point of an N x N resistive crossbar, and nothing else.
//
// usage: grid_kernel [N] [--netlist FILE]
//
// Row i is driven at its left end by V_i [V] through 100 ohm; column j ends at the bottom in 100 ohm to ground; wire
// segments are 2 ohm, cells 1 to 20 uS. --netlist writes the same circuit as text, for a simulator to agree with.
//
// With w the voltages of the row plane and b those of the column plane,
//
//     [ R  -D ] [w]   [s]      R: rows, each tridiagonal (segments, driver, cells)
//     [-D   C ] [b] = [0]      C: columns, each tridiagonal;  D: the cells [S];  s: driver currents [A]
//
// w is eliminated exactly, and conjugate gradients solve the rest, preconditioned with the columns' tridiagonals:
//
//     (C - D R^-1 D) b = D R^-1 s,      M = C.
//
// The residual of the rows is then zero but for rounding, and the one of the reduced system is that of the whole. It
// is brought to 1e-12 of |s|, and checked once more at the end with the equations as written above.
//
// Layout: arrays are row-major with a stride off the powers of two, so that the lines of one column do not fall
// into one set of the cache. Tridiagonal sweeps along columns go line by line, all columns side by side; along
// rows they work on eight rows at a time, transposed through registers in tiles of 8 x 8. An iteration makes two
// passes over memory, 104 bytes a cell:
//     A   x += alpha p;  p = z + beta p;  q = (C - D R^-1 D) p;  p'q        z and q share one array
//     B   r -= alpha q;  z = C^-1 r;  r'r;  r'z
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef double v8 __attribute__((vector_size(64)));
// The same eight numbers where they are not aligned to 64 bytes.
typedef double v8u __attribute__((vector_size(64), aligned(8)));

enum { lanes = 8 };
static const double driver = 1.0 / 100, segment = 1.0 / 2, end = 1.0 / 100, tolerance = 1e-12;

static long n;       // wires of a plane
static long stride;  // doubles a row
static long blocks;  // groups of eight rows
static double *cell, *columnInverse, *x, *p, *q, *r;
static v8 *rowInverse;  // 1 / pivot, [block][column] of eight rows
static v8 *sweep;       // one block of rows, transposed
static double *volts;
static size_t bytesHeld;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void *zeros(size_t count) {
    size_t huge = 2 << 20, bytes = (count * sizeof(double) + huge - 1) / huge * huge;
    void *memory = aligned_alloc(huge, bytes);
    if (!memory) {
        fprintf(stderr, "grid_kernel: no memory for %zu bytes\n", bytes);
        exit(1);
    }
    madvise(memory, bytes, MADV_HUGEPAGE);
    memset(memory, 0, bytes);
    bytesHeld += count * sizeof(double);
    return memory;
}

static uint64_t state = 20240701;
static double uniform(void) {  // xorshift64*
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)((state * 2685821657736338717ull) >> 11) * 0x1p-53;
}

static inline void transpose(v8 t[8]) {
    v8 a[8], b[8];
    for (int k = 0; k < 8; k += 2) {
        a[k] = __builtin_shufflevector(t[k], t[k + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        a[k + 1] = __builtin_shufflevector(t[k], t[k + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int k = 0; k < 8; k += 4)
        for (int m = 0; m < 2; m++) {
            b[k + m] = __builtin_shufflevector(a[k + m], a[k + m + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            b[k + m + 2] = __builtin_shufflevector(a[k + m], a[k + m + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int m = 0; m < 4; m++) {
        t[m] = __builtin_shufflevector(b[m], b[m + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        t[m + 4] = __builtin_shufflevector(b[m], b[m + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

static inline v8 load(const double *from) { return *(const v8u *)from; }
static inline void store(double *to, v8 value) { *(v8u *)to = value; }
static inline double sum(v8 v) { return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7])); }

// What the segments, driver and end add to a diagonal.
static inline double rowEnds(long j) { return (j > 0) * segment + (j < n - 1) * segment + (j == 0) * driver; }
static inline double columnEnds(long i) { return (i > 0) * segment + (i < n - 1) * segment + (i == n - 1) * end; }

// Factors all tridiagonals. Cells beyond n hold 0 for the inverse, so that they take part in no sweep.
static void refresh(void) {
    for (long block = 0; block < blocks; block++) {
        v8 before = {0};
        for (long tile = 0; tile < n; tile += lanes) {
            v8 t[8];
            for (int k = 0; k < 8; k++) t[k] = load(cell + (block * lanes + k) * stride + tile);
            transpose(t);
            for (long j = tile; j < tile + lanes && j < n; j++) {
                before = 1 / (t[j - tile] + rowEnds(j) - segment * segment * before);
                rowInverse[block * stride + j] = before;
            }
        }
    }
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) {
            double before = i ? columnInverse[(i - 1) * stride + j] : 0;
            columnInverse[i * stride + j] = 1 / (cell[i * stride + j] + columnEnds(i) - segment * segment * before);
        }
}

// sweep[] becomes R^-1 (cells times v + sources) for the eight rows of a block; v may be null.
static inline void solveRows(long block, const double *v, int withSources) {
    const v8 *inverse = rowInverse + block * stride;
    v8 before = {0};
    for (long tile = 0; tile < n; tile += lanes) {
        v8 t[8] = {{0}};
        if (v) {
            for (int k = 0; k < 8; k++) {
                long at = (block * lanes + k) * stride + tile;
                t[k] = load(cell + at) * load(v + at);
            }
            transpose(t);
        }
        if (withSources && tile == 0)
            for (int k = 0; k < 8; k++) t[0][k] += driver * volts[block * lanes + k];
        for (int m = 0; m < 8; m++) {
            before = (t[m] + segment * before) * inverse[tile + m];
            sweep[tile + m] = before;
        }
    }
    for (long j = n - 2; j >= 0; j--) {
        sweep[j] += segment * inverse[j] * sweep[j + 1];
    }
}

static inline void updateDirection(long i, double alpha, double beta) {
    double *xs = x + i * stride, *ps = p + i * stride, *zs = q + i * stride;
    for (long j = 0; j < n; j += lanes) {
        v8 old = load(ps + j);
        store(xs + j, load(xs + j) + alpha * old);
        store(ps + j, load(zs + j) + beta * old);
    }
}

// Pass A; gives p'q.
static double applyReduced(double alpha, double beta) {
    v8 dot = {0};
    updateDirection(0, alpha, beta);
    for (long block = 0; block < blocks; block++) {
        for (long i = block * lanes + 1; i <= block * lanes + lanes && i < n; i++) updateDirection(i, alpha, beta);
        solveRows(block, p, 0);
        for (long tile = 0; tile < n; tile += lanes) {
            v8 t[8];
            for (int k = 0; k < 8; k++) t[k] = sweep[tile + k];
            transpose(t);
            for (int k = 0; k < 8; k++) {
                long i = block * lanes + k, at = i * stride + tile;
                if (i >= n) break;
                v8 here = load(p + at), d = load(cell + at);
                v8 neighbours = {0};
                if (i > 0) neighbours += load(p + at - stride);
                if (i < n - 1) neighbours += load(p + at + stride);
                v8 image = (d + columnEnds(i)) * here - segment * neighbours - d * t[k];
                store(q + at, image);
                dot += here * image;
            }
        }
    }
    return sum(dot);
}

// Pass B; gives r'r, and r'z by reference.
static double precondition(double alpha, double *rz) {
    v8 rr = {0}, dot = {0};
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j += lanes) {
            long at = i * stride + j;
            v8 rest = load(r + at) - alpha * load(q + at);
            store(r + at, rest);
            rr += rest * rest;
            v8 before = i ? load(q + at - stride) : (v8){0};
            store(q + at, (rest + segment * before) * load(columnInverse + at));
        }
    for (long i = n - 1; i >= 0; i--)
        for (long j = 0; j < n; j += lanes) {
            long at = i * stride + j;
            v8 after = i < n - 1 ? load(q + at + stride) : (v8){0};
            v8 z = load(q + at) + segment * load(columnInverse + at) * after;
            store(q + at, z);
            dot += load(r + at) * z;
        }
    *rz = sum(dot);
    return sum(rr);
}

// Columns in x, rows in p; gives the iterations.
static int solve(void) {
    double sources = 0;
    for (long i = 0; i < n; i++) sources += driver * volts[i] * driver * volts[i];
    for (long block = 0; block < blocks; block++) {  // r = D R^-1 s
        solveRows(block, NULL, 1);
        for (long tile = 0; tile < n; tile += lanes) {
            v8 t[8];
            for (int k = 0; k < 8; k++) t[k] = sweep[tile + k];
            transpose(t);
            for (int k = 0; k < 8; k++) {
                long at = (block * lanes + k) * stride + tile;
                store(r + at, load(cell + at) * t[k]);
            }
        }
    }
    double rz, alpha = 0, beta = 0;
    double rr = precondition(0, &rz);
    int iterations = 0;
    while (rr > tolerance * tolerance * sources && iterations < 1000) {
        double pq = applyReduced(alpha, beta), old = rz;
        alpha = rz / pq;
        rr = precondition(alpha, &rz);
        beta = rz / old;
        iterations++;
    }
    for (long i = 0; i < n; i++) updateDirection(i, alpha, 0);
    for (long block = 0; block < blocks; block++) {  // p = R^-1 (s + D b)
        solveRows(block, x, 1);
        for (long tile = 0; tile < n; tile += lanes) {
            v8 t[8];
            for (int k = 0; k < 8; k++) t[k] = sweep[tile + k];
            transpose(t);
            for (int k = 0; k < 8; k++) store(p + (block * lanes + k) * stride + tile, t[k]);
        }
    }
    return iterations;
}

// |A v - s| / |s| of the whole system, with the equations as they stand.
static double trueResidual(void) {
    double rest = 0, sources = 0;
    for (long i = 0; i < n; i++) {
        sources += driver * volts[i] * driver * volts[i];
        for (long j = 0; j < n; j++) {
            double w = p[i * stride + j], b = x[i * stride + j], through = cell[i * stride + j] * (w - b);
            double row = through, column = -through;
            if (j > 0) row += segment * (w - p[i * stride + j - 1]);
            if (j < n - 1) row += segment * (w - p[i * stride + j + 1]);
            if (j == 0) row += driver * (w - volts[i]);
            if (i > 0) column += segment * (b - x[(i - 1) * stride + j]);
            if (i < n - 1) column += segment * (b - x[(i + 1) * stride + j]);
            if (i == n - 1) column += end * b;
            rest += row * row + column * column;
        }
    }
    return sqrt(rest / sources);
}

// Bytes a second of a[k] = b[k] + c[k] over arrays that no cache holds, 24 bytes an element; the best of five.
static double bandwidth(void) {
    long count = 8 << 20;
    size_t held = bytesHeld;
    double *a = zeros(count), *b = zeros(count), *c = zeros(count), best = 0;
    for (int turn = 0; turn < 5; turn++) {
        double start = now();
        for (long k = 0; k < count; k++) a[k] = b[k] + 3 * c[k];
        __asm__ volatile("" : : "r"(a) : "memory");
        double rate = 24.0 * count / (now() - start);
        if (rate > best) best = rate;
    }
    free(a);
    free(b);
    free(c);
    bytesHeld = held;
    return best;
}

static void writeNetlist(const char *path) {
    FILE *out = fopen(path, "w");
    if (!out) {
        perror(path);
        exit(1);
    }
    fprintf(out, "crossbar %ld x %ld\n", n, n);
    for (long i = 0; i < n; i++)
        fprintf(out, "v%ld in%ld 0 %.17g\nrd%ld in%ld w%ld_0 100\nrs%ld b%ld_%ld 0 100\n", i, i, volts[i], i, i, i, i,
                n - 1, i);
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) {
            fprintf(out, "rc%ld_%ld w%ld_%ld b%ld_%ld %.17g\n", i, j, i, j, i, j, 1 / cell[i * stride + j]);
            if (j + 1 < n) fprintf(out, "rw%ld_%ld w%ld_%ld w%ld_%ld 2\n", i, j, i, j, i, j + 1);
            if (i + 1 < n) fprintf(out, "rb%ld_%ld b%ld_%ld b%ld_%ld 2\n", i, j, i, j, i + 1, j);
        }
    fprintf(out, ".save v(b%ld_0) v(w%ld_%ld)\n.op\n.end\n", n - 1, n / 2, n / 2);
    fclose(out);
}

int main(int count, char **arguments) {
    const char *netlist = NULL;
    n = 1024;
    for (int k = 1; k < count; k++)
        if (!strcmp(arguments[k], "--netlist") && k + 1 < count)
            netlist = arguments[++k];
        else
            n = atol(arguments[k]);
    if (n < 2 || n > 16384) {
        fprintf(stderr, "usage: grid_kernel [N] [--netlist FILE], N from 2 to 16384\n");
        return 2;
    }
    blocks = (n + lanes - 1) / lanes;
    stride = blocks * lanes + lanes;
    if (stride / lanes % 2 == 0) stride += lanes;
    size_t plane = (size_t)(blocks * lanes + 1) * stride;
    cell = zeros(plane);
    columnInverse = zeros(plane);
    x = zeros(plane);
    p = zeros(plane);
    q = zeros(plane);
    r = zeros(plane);
    rowInverse = zeros(plane);
    sweep = zeros(lanes * (stride + 1));
    volts = zeros(blocks * lanes);
    for (long i = 0; i < n; i++) volts[i] = 0.2 * uniform();
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) cell[i * stride + j] = 1e-6 + 19e-6 * uniform();
    if (netlist) writeNetlist(netlist);

    // Small arrays are solved again until the clock can tell; the first turn also fills caches.
    double first = 0, best = INFINITY;
    int iterations = 0;
    for (double spent = 0; spent < 0.2 || best == INFINITY;) {
        memset(x, 0, plane * sizeof(double));
        memset(p, 0, plane * sizeof(double));
        memset(q, 0, plane * sizeof(double));
        double start = now();
        refresh();
        double refreshed = now();
        iterations = solve();
        double stop = now();
        spent += stop - start;
        if (stop - start < best) best = stop - start, first = refreshed - start;
    }
    double residual = trueResidual(), rate = bandwidth();
    double must = 24.0 * n * n, moved = (104.0 * iterations + 8 * 12) * n * n;
    printf("grid kernel N = %ld: refresh %.6f s + solve %.6f s = %.6f CPU s, %d iterations, residual %.1e, %.1f MB\n", n,
           first, best - first, best, iterations, residual, bytesHeld / 1e6);
    printf("  floor: %.1f MB of cells in and voltages out at %.1f GB/s: %.6f s; moved %.0f MB: %.6f s at that rate\n",
           must / 1e6, rate / 1e9, must / rate, moved / 1e6, moved / rate);
    printf("  v(b%ld_0) = %.15g, v(w%ld_%ld) = %.15g\n", n - 1, x[(n - 1) * stride], n / 2, n / 2,
           p[n / 2 * stride + n / 2]);
    return residual <= tolerance ? 0 : 1;
}
