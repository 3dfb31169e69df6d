/* The GPU boards of twin/components/gpu.py in C: power with leakage, cap and throttle, and the exact step of die,
 * memory and plate, eight GPUs a block, in the order and with the coefficients of gpu.advance_block. It is the speed
 * the compiled Python is held against; benchmarks/kernel.py compiles it, checks that both agree, and times them. */

#include <math.h>

enum { DIE, HBM, PLATE, POWER, SLOW, ENERGY, THROTTLED, HOTTEST, CAP, SILICON, ROWS };
enum { LANES = 8 };

static inline double larger(double a, double b) { return a > b ? a : b; }
static inline double smaller(double a, double b) { return a < b ? a : b; }

/* What a block keeps only while it advances. */
typedef struct {
    double row[ROWS][LANES];
    double heat[LANES];
    double peak[LANES];
    double withheld[LANES];
} Work;

static inline void advance_second(Work *restrict work, const double *restrict c, double supply_c, double activity)
{
    const double dynamic_w = c[20] + c[21] * activity, cold = c[19] * supply_c;
    const double die_c = c[12] * supply_c, hbm_c = c[13] * supply_c, plate_c = c[14] * supply_c;
    /* Read before the loop: a load behind a condition would keep the loop from becoming vector code. */
    const double max_w = c[22], die_start_c = c[28], hbm_start_c = c[29], slope_w_k = c[30], floor_w = c[31];
    const double slowdown_c = c[32], release_c = c[33];

    for (int i = 0; i < LANES; i++) {
        const double die = work->row[DIE][i], hbm = work->row[HBM][i], plate = work->row[PLATE][i];
        const double cap = work->row[CAP][i], was_slow = work->row[SLOW][i], above = die - c[27];
        const double leakage = c[23] + above * (c[24] + above * (c[25] + above * c[26]));
        const double want = dynamic_w * work->row[SILICON][i] + leakage;
        const double over = larger(larger(die - die_start_c, hbm - hbm_start_c), 0.0);
        const double slow = die > slowdown_c ? 1.0 : (die > release_c ? was_slow : 0.0);
        const double soft = larger(floor_w, max_w - slope_w_k * over);
        const double limit = slow > 0.5 ? floor_w : soft;
        const double unthrottled = smaller(want, smaller(cap, max_w));
        const double power = smaller(unthrottled, limit);
        const double next_die = c[0] * die + c[1] * hbm + c[2] * plate + c[9] * power + die_c;

        work->heat[i] += c[15] * die + c[16] * hbm + c[17] * plate + c[18] * power + cold;
        work->row[DIE][i] = next_die;
        work->row[HBM][i] = c[3] * die + c[4] * hbm + c[5] * plate + c[10] * power + hbm_c;
        work->row[PLATE][i] = c[6] * die + c[7] * hbm + c[8] * plate + c[11] * power + plate_c;
        work->row[POWER][i] = power;
        work->row[SLOW][i] = slow;
        work->row[ENERGY][i] += power;
        work->peak[i] = larger(work->peak[i], next_die);
        work->withheld[i] = unthrottled - power;
    }
    /* Apart from the loop above, where gcc would turn the condition into a branch. */
    for (int i = 0; i < LANES; i++)
        work->row[THROTTLED][i] += work->withheld[i] > 0.0 ? 1.0 : 0.0;
}

/* Advance blocks first to last by `seconds`; returns the heat given to the coolant in J.
 * blocks [block][10][8], coefficients [kind][34] of each block's kind. */
double advance_blocks(long first, long last, double *restrict blocks, const double *restrict coefficients,
                      const long *restrict kind, double supply_c, const double *restrict activity, long seconds)
{
    double heat_j = 0.0;

    for (long b = first; b < last; b++) {
        double *kept = blocks + b * ROWS * LANES;
        const double *c = coefficients + kind[b] * 34;
        Work work;

        for (int k = 0; k < ROWS; k++)
            for (int i = 0; i < LANES; i++)
                work.row[k][i] = kept[k * LANES + i];
        for (int i = 0; i < LANES; i++) {
            work.heat[i] = 0.0;
            work.peak[i] = -1e300;
        }
        for (long s = 0; s < seconds; s++)
            advance_second(&work, c, supply_c, activity[s]);
        for (int i = 0; i < LANES; i++) {
            work.row[HOTTEST][i] = larger(work.row[HOTTEST][i], work.peak[i]);
            heat_j += work.heat[i];
        }
        for (int k = 0; k < ROWS; k++)
            for (int i = 0; i < LANES; i++)
                kept[k * LANES + i] = work.row[k][i];
    }
    return heat_j;
}
