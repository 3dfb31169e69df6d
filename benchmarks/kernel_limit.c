/* The GPU boards of twin/components/gpu.py in C: power with leakage, cap and throttle, and the exact step of die,
 * memory and plate, eight GPUs a block, with the rows and coefficients of gpu.advance_block. It is the speed that the
 * compiled Python is held against; benchmarks/kernel.py compiles it, checks that both agree, and times them. */

enum { DIE, HBM, PLATE, POWER, SLOW, ENERGY, THROTTLED, HOTTEST, SILICON, KEPT_ROWS };
enum { WANT = KEPT_ROWS, HEAT, PEAK, ROWS };
enum { LANES = 8, COEFFICIENTS = 35, ABREAST = 8 };

typedef double Kept[KEPT_ROWS][LANES];
typedef double Block[ROWS][LANES];

static inline double larger(double a, double b) { return a > b ? a : b; }
static inline double smaller(double a, double b) { return a < b ? a : b; }

static inline void advance_block(Block *restrict block, const double *restrict c, double supply_c, double activity,
                                 double cap_w)
{
    double(*restrict x)[LANES] = *block;
    double withheld[LANES];
    const double dynamic_w = c[20] + c[21] * activity, cold = c[19] * supply_c;
    const double die_c = c[12] * supply_c, hbm_c = c[13] * supply_c, plate_c = c[14] * supply_c;
    /* Read before the loop: a load behind a condition would keep the loop from becoming vector code. */
    const double max_w = c[22], die_start_c = c[28], hbm_start_c = c[29], slope_w_k = c[30], floor_w = c[31];
    const double slowdown_c = c[32], release_c = c[33], shutdown_c = c[34];

    for (int i = 0; i < LANES; i++) {
        const double die = x[DIE][i], hbm = x[HBM][i], plate = x[PLATE][i], was_slow = x[SLOW][i];
        const double above = die - c[27];
        const double leakage = c[23] + above * (c[24] + above * (c[25] + above * c[26]));
        const double want = dynamic_w * x[SILICON][i] + leakage;
        const double over = larger(larger(die - die_start_c, hbm - hbm_start_c), 0.0);
        /* 1 is hardware slowdown, latched until the die has cooled; 2 is switched off for good. */
        const double hot = die > slowdown_c ? 1.0 : (die > release_c ? was_slow : 0.0);
        const double slow = larger(die > shutdown_c ? 2.0 : hot, was_slow > 1.5 ? 2.0 : 0.0);
        const double soft = larger(floor_w, max_w - slope_w_k * over);
        const double limit = slow > 1.5 ? 0.0 : (slow > 0.5 ? floor_w : soft);
        const double unthrottled = smaller(want, cap_w);
        const double power = smaller(unthrottled, limit);
        const double next_die = c[0] * die + c[1] * hbm + c[2] * plate + c[9] * power + die_c;

        x[DIE][i] = next_die;
        x[HBM][i] = c[3] * die + c[4] * hbm + c[5] * plate + c[10] * power + hbm_c;
        x[PLATE][i] = c[6] * die + c[7] * hbm + c[8] * plate + c[11] * power + plate_c;
        x[POWER][i] = power;
        x[WANT][i] = want;
        x[SLOW][i] = slow;
        x[ENERGY][i] += power;
        x[HEAT][i] += c[15] * die + c[16] * hbm + c[17] * plate + c[18] * power + cold;
        x[PEAK][i] = larger(x[PEAK][i], next_die);
        withheld[i] = unthrottled - power;
    }
    /* Apart from the loop above, where gcc would turn the condition into a branch. */
    for (int i = 0; i < LANES; i++)
        x[THROTTLED][i] += withheld[i] > 0.0 ? 1.0 : 0.0;
}

static inline void take(const Kept *restrict kept, Block *restrict block)
{
    for (int k = 0; k < KEPT_ROWS; k++)
        for (int i = 0; i < LANES; i++)
            (*block)[k][i] = (*kept)[k][i];
    for (int i = 0; i < LANES; i++) {
        (*block)[HEAT][i] = 0.0;
        (*block)[PEAK][i] = -1e300;
    }
}

static inline double settle(Block *restrict block, Kept *restrict kept)
{
    double heat_j = 0.0;

    for (int i = 0; i < LANES; i++) {
        (*block)[HOTTEST][i] = larger((*block)[HOTTEST][i], (*block)[PEAK][i]);
        heat_j += (*block)[HEAT][i];
    }
    for (int k = 0; k < SILICON; k++)
        for (int i = 0; i < LANES; i++)
            (*kept)[k][i] = (*block)[k][i];
    return heat_j;
}

/* Advance racks first to last by `seconds`, some blocks abreast, since one second of a block waits for the last;
 * returns the heat given to the coolant in J. blocks [block][9][8], coefficients [rack][35]; first_block [rack + 1]
 * says which blocks are a rack's. */
double advance_racks(long first, long last, Kept *restrict blocks, const double *restrict coefficients,
                     const long *restrict first_block, double supply_c, const double *restrict activity, long seconds)
{
    double heat_j = 0.0;
    Block work[ABREAST];

    for (long r = first; r < last; r++)
        for (long at = first_block[r]; at < first_block[r + 1]; at += ABREAST) {
            const long left = first_block[r + 1] - at, count = left < ABREAST ? left : ABREAST;

            for (long b = 0; b < count; b++)
                take(&blocks[at + b], &work[b]);
            for (long s = 0; s < seconds; s++)
                for (long b = 0; b < count; b++)
                    advance_block(&work[b], coefficients + r * COEFFICIENTS, supply_c, activity[s],
                                  coefficients[r * COEFFICIENTS + 22]);
            for (long b = 0; b < count; b++)
                heat_j += settle(&work[b], &blocks[at + b]);
        }
    return heat_j;
}
